/** The service's figures, as Prometheus reads them. */
export interface ServiceMetrics {
  /** Counts an answer by its outcome: redeemed, repeated, refused by reason, failed. */
  countAnswer(outcome: string, seconds: number): void;
  countUndelivered(): void;
  /** All figures in Prometheus' text format. */
  render(): Promise<string>;
}

/** Fresh figures, all zero. `observe` supplies those that are read when asked for. */
export function createMetrics(): ServiceMetrics {
  throw new Error("not built yet");
}
