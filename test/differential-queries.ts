// What the differential test asks: every function, operator, aggregator and modifier that Prometheus 2.42
// and we both have; and, apart, what is meant to differ, with both answers and the reason.

const over = (names: string, write: (name: string) => string): readonly string[] =>
  names.split(" ").map((name) => write(name));

const gauges = ["queue", "odd", 'temperature{pod=~"llm-1."}'];
const counters = ['requests_total{code="200"}', "tokens_total"];
const ranges = ["1m", "5m", "17m", "1s"];

const selectors = [
  "constant",
  'requests_total{code="503",method!="GET",pod=~"llm-[1-3].*",job!~"oth.*"}',
  '{__name__=~"limits|info"}',
  '{__name__="queue",state=""}',
  'queue{missing=""}',
  'queue{pod=~"|llm-7"}',
  'info{pod!~"llm-.+"}',
  "nothing_at_all",
  "1",
  '"a string\\n"',
  "-1.5e3 + 0x10",
  "Inf",
  "-NaN",
  "queue[2m]",
  'kv_usage{pod="llm-1"}[3m:40s]',
  "odd offset 3m",
  "odd offset -2m",
  "constant @ end()",
  "limits @ start()",
  "sum(queue @ $mid)",
  "sum(rate(tokens_total[5m] @ $mid offset 1m))",
  "queue offset 40m",
];

const operators = [
  ...over("+ - * / % ^", (op) => `queue ${op} 3`),
  ...over("+ - * / % ^", (op) => `-2.5 ${op} odd`),
  "(queue atan2 3) * 1",
  "(-2.5 atan2 odd) * 1",
  ...over("+ - * / % ^ atan2", (op) => `temperature ${op} on (pod) kv_usage`),
  ...over("== != < <= > >=", (op) => `queue ${op} 25`),
  ...over("== != < <= > >=", (op) => `odd ${op} bool 0`),
  ...over("== != < <= > >=", (op) => `temperature ${op} ignoring (unit) (kv_usage * 20)`),
  ...over("== != < <= > >=", (op) => `20 ${op} bool temperature`),
  ...over("== != < <= > >=", (op) => `1 ${op} bool 2`),
  ...over("and or unless", (op) => `queue > 25 ${op} queue < 30`),
  ...over("and or unless", (op) => `kv_usage ${op} on (pod) (temperature > 10)`),
  ...over("and or unless", (op) => `kv_usage ${op} ignoring (unit) temperature`),
  "-queue",
  "+odd",
  "-(queue > 10)",
  "2 ^ 3 ^ 2 - -1",
  "5 % 0",
  "-5 % 3",
  "1 / 0 - 0 / 0",
  'requests_total{method="GET"} / ignoring (code) group_left sum without (code) (requests_total)',
  "queue * on (pod) group_left (version) info",
  "info * on (pod) group_right (version) queue",
  "limits * on (namespace) group_right queue",
  'sum by (pod) (queue) / on (pod) (queue{state="running"} > 20)',
  "queue + on (pod) info",
  "queue + on (namespace) limits",
  "queue * on (namespace) group_left limits - queue",
  "queue == bool queue",
  "odd == odd",
  "vector(1) or queue and on () vector(0)",
];

const aggregators = [
  ...over("sum avg min max count group stddev stdvar", (op) => `${op}(queue)`),
  ...over(
    "sum avg min max count group stddev stdvar",
    (op) => `${op} by (namespace, state) (queue)`,
  ),
  ...over(
    "sum avg min max count group stddev stdvar",
    (op) => `${op} without (pod, instance) (requests_total)`,
  ),
  ...over("sum min max count group", (op) => `${op} by (kind) (odd)`),
  ...over("sum avg min max count group", (op) => `${op} by (missing, job) (kv_usage)`),
  ...over("topk bottomk", (op) => `${op}(3, kv_usage)`),
  ...over("topk bottomk", (op) => `${op} by (namespace) (2, tokens_total)`),
  ...over("topk bottomk", (op) => `${op}(0, kv_usage)`),
  ...over("-1 0 0.25 0.5 0.9 1 2 NaN", (q) => `quantile(${q}, temperature)`),
  "quantile by (namespace) (0.95, queue)",
  'count_values("value", constant)',
  'count_values by (namespace) ("n", round(queue / 10))',
  "sum(nothing_at_all)",
  "sum by (namespace) (sum by (namespace, pod) (requests_total) > 100)",
  "avg(avg by (pod) (odd))",
  "topk(scalar(vector(2)), kv_usage)",
];

const overTime = "avg min max sum count stddev stdvar last present";
const rangeFunctions = [
  ...ranges.flatMap((range) => over(overTime, (f) => `${f}_over_time(kv_usage[${range}])`)),
  ...gauges.flatMap((vector) =>
    over("min max sum count last present", (f) => `${f}_over_time(${vector}[4m])`),
  ),
  ...counters.flatMap((vector) =>
    ranges.flatMap((range) =>
      over("rate increase irate idelta delta resets changes", (f) => `${f}(${vector}[${range}])`),
    ),
  ),
  ...over("delta idelta deriv changes resets", (f) => `${f}(temperature[10m])`),
  ...over("60 0 -30 3600", (t) => `predict_linear(temperature[10m], ${t})`),
  ...over("-1 0 0.3 0.5 1 2", (q) => `quantile_over_time(${q}, kv_usage[6m])`),
  "deriv(started_at_seconds[5m])",
  "deriv(queue[20s])",
  "absent_over_time(nothing_at_all[5m])",
  'absent_over_time(nothing_at_all{a="b",c=~"d",e!="f"}[5m])',
  "absent_over_time(queue[1m])",
  "rate(restarts_total[30m])",
  "increase(restarts_total[2m])",
  'max_over_time(rate(requests_total{code="200"}[2m])[12m:1m])',
  "sum_over_time(kv_usage[10m:13s])",
  "min_over_time(queue[10m:2m] offset 5m)",
  "avg_over_time((queue > 20)[10m:30s])",
  "count_over_time(sum(queue)[15m:1m] @ $mid)",
  "last_over_time((time())[5m:1m])",
  "sum by (pod) (rate(tokens_total[5m])) * 60",
  'sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m]))',
];

const instantFunctions = [
  ...over("abs ceil floor exp ln log2 log10 sqrt sgn deg rad round", (f) => `${f}(temperature)`),
  ...over("abs ceil floor exp ln log2 log10 sqrt sgn round", (f) => `${f}(odd)`),
  ...over("sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh", (f) => `${f}(kv_usage)`),
  ...over("asin acos atanh acosh", (f) => `${f}(temperature)`),
  ...over("5 0.1 0.25 -3 0", (to) => `round(temperature, ${to})`),
  "clamp(queue, 10, 20)",
  "clamp(queue, 20, 10)",
  "clamp_min(odd, 0)",
  "clamp_max(temperature, 5)",
  "clamp(temperature, NaN, 3)",
  ...over(
    "minute hour day_of_week day_of_month day_of_year days_in_month month year",
    (f) => `${f}(started_at_seconds)`,
  ),
  ...over(
    "minute hour day_of_week day_of_month day_of_year days_in_month month year",
    (f) => `${f}()`,
  ),
  "hour(vector(-1))",
  "year(vector(4102444800))",
  "timestamp(queue)",
  "timestamp(queue + 0)",
  "timestamp(constant offset 2m)",
  "time()",
  "pi()",
  "vector(time())",
  "scalar(limits)",
  "scalar(sum(queue))",
  "scalar(nothing_at_all)",
  "absent(nothing_at_all)",
  'absent(nothing_at_all{pod="x",job=~"y"})',
  "absent(queue)",
  "absent(sum(nothing_at_all))",
  "sort(kv_usage)",
  "sort_desc(kv_usage)",
  'label_replace(info, "node", "$1-$2", "pod", "(llm)-(.*)")',
  'label_replace(info, "node", "x", "pod", "nothing")',
  'label_replace(info, "pod", "", "job", ".*")',
  'label_replace(info, "n", "${name}", "version", "v(?P<name>[0-9])")',
  'label_join(info, "all", "/", "namespace", "pod", "missing")',
  'label_join(info, "all", ", ")',
  'label_replace(queue, "pod", "same", "pod", ".*")',
];

const histograms = [
  ...over(
    "-0.5 0 0.1 0.5 0.9 0.99 1 1.5 NaN",
    (q) => `histogram_quantile(${q}, rate(latency_seconds_bucket[5m]))`,
  ),
  "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))",
  "histogram_quantile(0.5, sum by (le, path, namespace) (increase(latency_seconds_bucket[10m])))",
  "histogram_quantile(0.5, latency_seconds_bucket)",
  'histogram_quantile(0.5, latency_seconds_bucket{le!="+Inf"})',
  'histogram_quantile(0.5, latency_seconds_bucket{le="+Inf"})',
  "histogram_quantile(0.9, queue)",
  "rate(latency_seconds_sum[5m]) / rate(latency_seconds_count[5m])",
];

const refused = [
  "sum(",
  "queue{",
  "rate(queue)",
  "queue[5m] + 1",
  "1 and 2",
  "unknown_function(queue)",
  "sum by (namespace) group_left (queue)",
  'label_replace(info, "a", "x", "pod", "(")',
  'queue{pod=~"("}',
  "{}",
  '{pod=~".*"}',
  "1 == 2",
  "queue[0s]",
  "clamp(queue, 1)",
  "requests_total / on (pod) queue",
  '"a" + 1',
];

/** `$mid` stands for a time in seconds, in the middle of the data. */
export const queries: readonly string[] = [
  ...selectors,
  ...operators,
  ...aggregators,
  ...rangeFunctions,
  ...instantFunctions,
  ...histograms,
  ...refused,
];

export type Difference = {
  readonly query: string;
  /** Seconds after the whole minute at which the data ends, and `edge` has its last sample. */
  readonly at?: number;
  /** What Prometheus 2 answers, and we: `a=b => value` for each series, or the type of the error. */
  readonly theirs: string;
  readonly ours: string;
  readonly why: string;
};

export const differences: readonly Difference[] = [
  {
    query: "count_over_time(edge[1m])",
    theirs: "=> 5",
    ours: "=> 4",
    why: "a range is open at its older end since 3.0",
  },
  {
    query: "count_over_time(edge[1m:15s])",
    theirs: "=> 5",
    ours: "=> 4",
    why: "so is a subquery",
  },
  {
    query: "rate(edge[15s])",
    theirs: "=> 2",
    ours: "",
    why: "so a range of one interval holds one sample, which makes no rate",
  },
  {
    query: "count(edge)",
    at: 300,
    theirs: "=> 1",
    ours: "",
    why: "and a sample is out of sight when it is as old as the lookback",
  },
  {
    query: 'count(lines{text=~"a.b"})',
    theirs: "",
    ours: "=> 1",
    why: "a dot matches a line's end since 3.0",
  },
  {
    query: "count by (__name__) (limits atan2 0)",
    theirs: "__name__=limits => 3",
    ours: "=> 3",
    why: "atan2 drops the name, as all arithmetic does",
  },
  {
    query: "increase(newborn_total[5m])",
    at: 0.331,
    theirs: "=> 140",
    ours: "=> 135",
    why: "how far to look beyond the first sample is cut to half an interval before it is cut to where the counter was zero",
  },
  {
    query: 'label_replace(vector(1), "~a", "x", "", "")',
    theirs: "execution",
    ours: "~a=x => 1",
    why: "every name in UTF-8 is good since 3.0",
  },
  {
    query: 'count_values("~a", vector(1))',
    theirs: "execution",
    ours: "~a=1 => 1",
    why: "every name in UTF-8 is good since 3.0",
  },
  {
    query: "count(holt_winters(limits[5m], 0.5, 0.5))",
    theirs: "=> 3",
    ours: "bad_data",
    why: "it is called double_exponential_smoothing since 3.0, and experimental",
  },
  {
    query: "limits > on () sum(limits)",
    theirs: "",
    ours: "execution",
    why: "several partners are too many also where the comparison leaves none",
  },
  {
    query: "count(histogram_fraction(0, 1, rate(latency_seconds_bucket[5m]))) > bool 100",
    theirs: "",
    ours: "=> 1",
    why: "it reads classic histograms since 3.0",
  },
  {
    query: "stddev(vector(Inf))",
    theirs: "=> 0",
    ours: "=> NaN",
    why: "what is not finite has no deviation, also if it is alone",
  },
  {
    query: "ln(tiny)",
    theirs: "=> -709.0895657128241",
    ours: "=> -744.4400719213812",
    why: "the logarithm of Debian's Go is wrong for numbers below 2.3e-308",
  },
];
