// What we use of a package that brings no types; only tests and benchmarks compress.
declare module "snappyjs" {
  export function compress(data: Uint8Array): Uint8Array;
}
