// What the receiver of remote write counts, for our own page of metrics.
import type { MetricFamily } from "./own-metrics.ts";
import type { RemoteWriteReceiver } from "./remote-write-receiver.ts";

export function remoteWriteFamilies(receiver: RemoteWriteReceiver): readonly MetricFamily[] {
  const { requests, rejectedRequests, storedSamples, refusedSamples } = receiver.counts();
  const counter = (name: string, help: string, value: number): MetricFamily => ({
    name: `dunlin_remote_write_${name}_total`,
    type: "counter",
    help,
    samples: [{ value }],
  });
  return [
    counter("requests", "Bodies that were pushed by remote write.", requests),
    counter("rejected_requests", "Bodies of which nothing was stored.", rejectedRequests),
    counter("samples", "Samples that were pushed and are stored.", storedSamples),
    counter(
      "refused_samples",
      "Samples that were pushed, for which there was no room.",
      refusedSamples,
    ),
  ];
}
