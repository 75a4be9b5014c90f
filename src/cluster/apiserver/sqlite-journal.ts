// The cluster's objects on disk, in one SQLite file that one process owns. A change has reached the
// operating system when `put` or `remove` returns, so `kill -9` loses nothing; a power cut may.
import { UserError } from "../../lib/user-error.ts";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import type { KubeObject } from "../../resources/object.ts";
import { jsonText, parsedText } from "./json-text.ts";

type JournalEntry = {
  readonly storageId: string;
  readonly key: string;
  readonly object: KubeObject;
};

const schemaVersion = 1;

export class SqliteJournal {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #setRevision: StatementSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#put = database.prepare(
      `INSERT INTO objects (resource, key, revision, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (resource, key) DO UPDATE SET revision = excluded.revision, body = excluded.body`,
    );
    this.#remove = database.prepare("DELETE FROM objects WHERE resource = ? AND key = ?");
    this.#setRevision = database.prepare("UPDATE counters SET value = ? WHERE name = 'revision'");
  }

  /** Opens or creates the file and locks it. Throws, naming the directory, when it cannot. */
  static open(file: string): SqliteJournal {
    try {
      mkdirSync(dirname(file), { recursive: true });
      // Secrets stand in it: the user's alone, whoever may read the folder. SQLite's other files follow.
      closeSync(openSync(file, "a", 0o600));
      const database = new DatabaseSync(file);
      try {
        prepareFile(database, file);
        return new SqliteJournal(database);
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (error) {
      throw explain(error, file);
    }
  }

  load(): { readonly revision: number; readonly objects: readonly JournalEntry[] } {
    const counter = this.#database
      .prepare("SELECT value FROM counters WHERE name = 'revision'")
      .get();
    const rows = this.#database.prepare("SELECT resource, key, revision, body FROM objects").all();
    let revision = Number(counter?.["value"] ?? 0);
    const objects = rows.map((row): JournalEntry => {
      revision = Math.max(revision, Number(row["revision"]));
      // This file wrote the text from a KubeObject.
      const object = parsedText<KubeObject>(String(row["body"]));
      return { storageId: String(row["resource"]), key: String(row["key"]), object };
    });
    return { revision, objects };
  }

  put(storageId: string, key: string, revision: number, object: KubeObject): void {
    this.#put.run(storageId, key, revision, jsonText(object));
  }

  /** Also notes the revision: no row is left that would carry it over a restart. */
  remove(storageId: string, key: string, revision: number): void {
    this.#database.exec("BEGIN");
    try {
      this.#remove.run(storageId, key);
      this.#setRevision.run(revision);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}

/**
 * Under the exclusive locking mode the first write takes the lock and only the end of the process
 * (or `close`) gives it back, also after `kill -9`.
 */
function prepareFile(database: DatabaseSync, file: string): void {
  database.exec("PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > schemaVersion)
    throw new Error(`${file} was written by a newer Dunlin (layout ${version})`);
  database.exec(`
    CREATE TABLE IF NOT EXISTS objects (
      resource TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (resource, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    INSERT OR IGNORE INTO counters VALUES ('revision', 0);
    PRAGMA user_version = ${schemaVersion};
    COMMIT`);
}

function explain(error: unknown, file: string): UserError {
  const detail = error instanceof Error ? error.message : String(error);
  const directory = dirname(file);
  if (/database is locked/.test(detail))
    return new UserError(
      `the data directory ${directory} is in use by another process; stop that one, or choose another directory with --data-dir`,
      { cause: error },
    );
  return new UserError(
    `cannot use the data directory ${directory}: ${detail}; choose another one with --data-dir`,
    { cause: error },
  );
}
