// The tutorial's output: on a terminal one screen that is drawn anew, elsewhere plain lines.
import type { WriteStream } from "node:tty";
import type { Clock } from "../lib/clock.ts";
import { happening, screen, type TutorialView } from "./tutorial-screen.ts";

export type Terminal = {
  /** Something happened that a reader should see. */
  tell(text: string): void;
  /** The state of things has moved on; elsewhere than on a terminal it is told when it changed. */
  draw(view: Pick<TutorialView, "phase" | "now" | "maxReplicas" | "history">): void;
  /** The last words, which stay on the screen. */
  finish(lines: readonly string[]): void;
  close(): void;
};

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const home = "\u001b[H";
const clearToEnd = "\u001b[J";
const clearLine = "\u001b[K";
const alternateScreen = "\u001b[?1049h";
const mainScreen = "\u001b[?1049l";

export function openTerminal(output: WriteStream, clock: Clock): Terminal {
  return output.isTTY ? screenTerminal(output, clock) : lineTerminal(output, clock);
}

function lineTerminal(output: WriteStream, clock: Clock): Terminal {
  const startedMs = clock.nowMs();
  let last = "";
  const tell = (text: string): void => {
    output.write(`${happening({ atMs: clock.nowMs() - startedMs, text })}\n`);
  };
  return {
    tell,
    draw({ now }) {
      const state = `${now.wanted} wanted, ${now.ready} ready`;
      if (state === last) return;
      last = state;
      tell(`replicas: ${state}; requests in flight: ${now.inFlight}`);
    },
    finish: (lines) => void output.write(`\n${lines.join("\n")}\n`),
    close: () => {},
  };
}

function screenTerminal(output: WriteStream, clock: Clock): Terminal {
  const startedMs = clock.nowMs();
  const happenings: { atMs: number; text: string }[] = [];
  let open = true;
  output.write(alternateScreen + hideCursor);
  const leave = (): void => {
    if (open) output.write(mainScreen + showCursor);
    open = false;
  };
  return {
    tell: (text) => void happenings.push({ atMs: clock.nowMs() - startedMs, text }),
    draw(view) {
      const elapsedMs = clock.nowMs() - startedMs;
      const lines = screen({ ...view, elapsedMs, happenings }, output.columns, output.rows);
      output.write(home + lines.map((line) => line + clearLine).join("\r\n") + clearToEnd);
    },
    finish(lines) {
      leave();
      const told = happenings.map(happening);
      output.write(`${[...told, "", ...lines].join("\n")}\n`);
    },
    // Where it ends without last words, what was told must not go with the screen.
    close() {
      const unread = open && happenings.length > 0;
      leave();
      if (unread) output.write(`${happenings.map(happening).join("\n")}\n`);
    },
  };
}
