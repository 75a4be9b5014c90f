// Tells a Prometheus what to scrape, by its own http_sd: targets are served as JSON, under the name of
// their job. For where a real Prometheus scrapes in our place.
import type { Handler } from "./prometheus-api.ts";
import type { TargetGroup } from "./scrape-job.ts";

/** `targets` gives the present group of a job; undefined where there is no such job. */
export function httpSd(targets: (job: string) => TargetGroup | undefined): Handler {
  return (request) => {
    const job = new URL(request.url).pathname.slice(1);
    const group = targets(decodeURIComponent(job));
    if (!group) return Promise.resolve(new Response(`no job ${job}\n`, { status: 404 }));
    return Promise.resolve(Response.json(group.targets.map((each) => sdGroup(each, group.labels))));
  };
}

/** Labels differ from target to target, so each is a group of its own. */
function sdGroup(target: TargetGroup["labels"], shared: TargetGroup["labels"]): unknown {
  const { __address__: address = "", ...labels } = { ...shared, ...target };
  return { targets: [address], labels };
}
