/**
 * Which hand-derived test notices a changed policy value that no measured cell notices; and which values decide
 * nothing under a preset, with the reason. policy-check.mjs runs the tests, and replays for the reasons.
 */

/** [presets, field, file below test/, name of the test (or of its group)]. */
// prettier-ignore
export const NOTICED_BY = [
];

/** [presets, field, value or null for any, why it decides nothing]. */
// prettier-ignore
export const INERT = [
];
