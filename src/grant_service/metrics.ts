import type { CertificateStatus } from "../platform/certificate_status.ts";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** The service's figures, as Prometheus reads them. */
export interface ServiceMetrics {
  /** Counts an answered request by its outcome, such as redeemed, repeated or used-up. */
  countAnswer(outcome: string, seconds: number): void;
  /** Counts an answer that its client has not taken. */
  countUndelivered(): void;
  /** All figures in Prometheus' text format. */
  render(): Promise<string>;
}

/** Figures that are looked up when they are read. */
export interface LookedUp {
  /** Grants that give nothing because their ledgers are damaged. */
  damagedLedgers(): number;
  /** How far the clocks at hand are off at least, in milliseconds. */
  clockErrorMs(): number;
  /** How it stands with the certificate, where the user brings it. */
  certificate?: (() => CertificateStatus) | undefined;
}

/** Fresh figures, all zero, but for those that are looked up. */
export function createMetrics(lookedUp?: LookedUp): ServiceMetrics {
  const registers = [new Registry()];
  if (lookedUp !== undefined) addGauges(lookedUp, registers);
  const answers = new Counter({
    name: "hawser_grant_answers_total",
    help: "Requests to the grant service that were answered, by outcome.",
    labelNames: ["outcome"],
    registers,
  });
  const duration = new Histogram({
    name: "hawser_grant_answer_seconds",
    help: "Time from a request's arrival to its answer.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  });
  const undelivered = new Counter({
    name: "hawser_grant_undelivered_answers_total",
    help: "Answers whose client was gone before it had taken them.",
    registers,
  });
  return {
    countAnswer(outcome, seconds) {
      answers.inc({ outcome });
      duration.observe(seconds);
    },
    countUndelivered: () => undelivered.inc(),
    render: () => registers[0]!.metrics(),
  };
}

function addCertificateGauges(status: () => CertificateStatus, registers: Registry[]): void {
  new Gauge({
    name: "hawser_certificate_expiration_timestamp_seconds",
    help: "When the certificate that the user brought, and that is served, ends; since 1970.",
    registers,
    collect() {
      this.set(Date.parse(status().notAfter) / 1000);
    },
  });
  new Gauge({
    name: "hawser_certificate_problem",
    help: "1 while the user's certificate is not served as it is now, or is about to end.",
    registers,
    collect() {
      this.set(status().problem === undefined ? 0 : 1);
    },
  });
}

function addGauges(
  { damagedLedgers, clockErrorMs, certificate }: LookedUp,
  registers: Registry[],
): void {
  if (certificate !== undefined) addCertificateGauges(certificate, registers);
  new Gauge({
    name: "hawser_clock_error_seconds",
    help:
      "How far this machine's clock, or another at hand, is off at least; 0 if none seems to be.",
    registers,
    collect() {
      this.set(clockErrorMs() / 1000);
    },
  });
  new Gauge({
    name: "hawser_damaged_ledgers",
    help: "Access grants that are closed because the record of their uses is damaged or outdated.",
    registers,
    collect() {
      this.set(damagedLedgers());
    },
  });
}
