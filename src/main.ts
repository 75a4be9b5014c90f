// The command line: finds the command and runs it. Each command is loaded only when it is asked for,
// because pods start this file too, and their time to start is time that a user waits.
import { UserError } from "./lib/user-error.ts";

type Command = (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;

const commands: Readonly<Record<string, { readonly about: string; load(): Promise<Command> }>> = {
  up: {
    about: "start a cluster with Dunlin in it and leave it running",
    load: async () => (await import("./cli/up.ts")).up,
  },
  down: {
    about: "stop the cluster that `up` runs",
    load: async () => (await import("./cli/down.ts")).down,
  },
  status: {
    about: "say whether a cluster runs, how to reach it, and what is on it",
    load: async () => (await import("./cli/status.ts")).status,
  },
  logs: {
    about: "print the cluster's own log",
    load: async () => (await import("./cli/logs.ts")).logs,
  },
  tutorial: {
    about: "start a cluster, serve a model, send load, and show how replicas follow",
    load: async () => (await import("./cli/tutorial.ts")).tutorial,
  },
  promql: {
    about: "run test scripts of PromQL queries",
    load: async () => (await import("./cli/promql.ts")).promql,
  },
  modelserver: {
    about: "serve a model over the OpenAI protocol (what pods run)",
    load: async () => (await import("./cli/modelserver.ts")).modelserver,
  },
  "storage-initializer": {
    about: "fetch a model into a folder (what init containers run)",
    load: async () => (await import("./cli/storage-initializer.ts")).storageInitializer,
  },
};

const usage = [
  "Usage: dunlin COMMAND [OPTION]...",
  "",
  "Commands:",
  ...Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(20)} ${about}`),
  "",
  "`dunlin COMMAND --help` lists the options of a command.",
].join("\n");

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  if (name === undefined || ["help", "--help", "-h"].includes(name)) {
    process.stdout.write(`${usage}\n`);
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    process.stderr.write(`dunlin: there is no command "${name}"\n\n${usage}\n`);
    return 2;
  }
  try {
    return await (
      await command.load()
    )(args, process.env);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`dunlin ${name}: ${error.message}\n`);
    return 2;
  }
}

// Whoever has read enough (`dunlin logs | head`) closes the pipe; that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await main(process.argv[2], process.argv.slice(3));
