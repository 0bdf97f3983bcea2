/**
 * Other values for each field of a shadow policy: the neighbours of a number, every other choice, lists with one item
 * less or more.
 */

/** Numbers whose neighbours decide nothing: other values that do. */
const TELLING = {
  // Any formula gives more pages than a small minimum asks for.
  poolMinimum: (now) => (now === 0 ? [2 ** 20] : [now - 1, now + 1]),
};

/** An address at which no preset looks: modern Linux's direct map. */
const MODERN = { hi: 0xffff8880, lo: 0 };

/** Values other than `now` that the field may have. */
export function otherValues(name, field, now) {
  switch (field.type) {
    case 'boolean':
      return [!now];
    case 'choice':
      return field.choices.filter((choice) => choice !== now);
    case 'integer':
      return TELLING[name]?.(now) ?? integers(field, now);
    case 'list':
      return field.choices.map((item) =>
        now.includes(item) ? now.filter((other) => other !== item) : [...now, item],
      );
    default:
      return [...now.map((base) => now.filter((other) => other !== base)), [...now, MODERN]];
  }
}

function integers({ min, max, unlimited }, now) {
  if (now === null) return [min, min + 3];
  const near = [now - 1, now + 1].filter((value) => value >= min && value <= max);
  return unlimited ? [...near, null] : near;
}

/** A value as the table shows it. */
export function shown(value) {
  if (!Array.isArray(value)) return JSON.stringify(value);
  const items = value.map((item) => (typeof item === 'string' ? item : item.hi.toString(16)));
  return `[${items.join(' ')}]`;
}
