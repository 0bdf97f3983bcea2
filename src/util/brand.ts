/** Nominal types over plain values: a `Gfn` cannot be passed where an `Mfn` is wanted. No run-time cost. */

declare const brand: unique symbol;

/** `T` that only a constructor for `Name` makes. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
