/** A value as JSON, as every command prints it. */
export function asJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
