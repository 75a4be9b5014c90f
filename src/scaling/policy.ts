// The rules that bound a scaling decision, resolved: every default is filled in, every time is in
// milliseconds.

export type ScalingPolicy = {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** How long every trigger must have been inactive before the count goes to zero. */
  readonly cooldownMs: number;
  /** As `cooldownMs`, counted from creation, for an object that was never active. */
  readonly initialCooldownMs: number;
  readonly behavior: { readonly scaleUp: DirectionRules; readonly scaleDown: DirectionRules };
  /** Shares of the target: 0.1 keeps the count while the load is within 10 % of it. */
  readonly tolerance: { readonly up: number; readonly down: number };
};

export type DirectionRules = {
  readonly stabilizationMs: number;
  /** Which rate rule wins: the one that allows the most, the least, or no change at all. */
  readonly select: "max" | "min" | "disabled";
  readonly rates: readonly RateRule[];
};

/** How far the count may move from where it stood `periodMs` ago. */
export type RateRule =
  | { readonly kind: "pods"; readonly pods: number; readonly periodMs: number }
  | { readonly kind: "percent"; readonly percent: number; readonly periodMs: number }
  /** Growth up to this count is always allowed. */
  | { readonly kind: "upTo"; readonly count: number };
