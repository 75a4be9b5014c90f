// Objects as rows: what kubectl prints by default. The server makes the cells, so that columns that
// nobody's kubectl knows about still appear.
import { isJsonObject } from "../../lib/json.ts";
import { formatAge } from "../../lib/duration.ts";
import { parseTimestamp } from "../../lib/timestamp.ts";
import { ageCell, ageColumn, nameColumn } from "../../resources/columns.ts";
import type { Cell, Column, Kind } from "../../resources/kind.ts";
import type { KubeObject } from "../../resources/object.ts";
import { parseJsonPath, valuesAt, type JsonPath } from "./json-path.ts";

export type TableVersion = "v1" | "v1beta1";
/** How much of each object goes with its row. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** What a kind says of its rows. */
export type Rows = Pick<Kind, "columns" | "cells">;

export type TableOptions = {
  readonly kind: Rows;
  readonly version: TableVersion;
  readonly includeObject: IncludeObject;
  /** A watch names the columns in its first event only. */
  readonly withColumns: boolean;
  readonly nowMs: number;
};

export function tableOf(
  objects: readonly KubeObject[],
  listMetadata: Readonly<Record<string, unknown>>,
  options: TableOptions,
): object {
  const columns = printedColumns(options.kind);
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata: listMetadata,
    columnDefinitions: options.withColumns ? columns.map(definition) : null,
    rows: objects.map((object) => ({
      cells: cellsOf(options.kind, columns, object, options.nowMs),
      ...rowObject(object, options),
    })),
  };
}

/** A built-in kind says it all; the columns of a CRD stand after the name, or age is all there is. */
function printedColumns(kind: Rows): readonly Column[] {
  const { columns } = kind;
  if (kind.cells) return columns;
  return [nameColumn, ...(columns.length === 0 ? [ageColumn] : columns)];
}

function definition(column: Column): object {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? (column.name === nameColumn.name ? "name" : ""),
    description: column.description ?? "",
    priority: column.priority ?? 0,
  };
}

function cellsOf(
  kind: Rows,
  columns: readonly Column[],
  object: KubeObject,
  nowMs: number,
): readonly Cell[] {
  if (kind.cells) return kind.cells(object, nowMs);
  return columns.map((column) => {
    if (column.name === nameColumn.name && column.jsonPath === undefined)
      return object.metadata.name;
    if (column === ageColumn) return ageCell(object.metadata.creationTimestamp, nowMs);
    return pathCell(column, object, nowMs);
  });
}

/** As upstream prints a CRD's column: the first value found; nothing where there is none. */
function pathCell(column: Column, object: KubeObject, nowMs: number): Cell {
  const path = pathOf(column);
  const [value] = path ? valuesAt(path, object) : [];
  if (value === undefined || value === null) return null;
  switch (column.type) {
    case "date": {
      const timeMs = typeof value === "string" ? parseTimestamp(value) : undefined;
      return timeMs === undefined ? "<invalid>" : formatAge(nowMs - timeMs);
    }
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "string":
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

/** Read once for each column, whatever the number of rows. A path that cannot be read leads nowhere. */
const paths = new WeakMap<Column, JsonPath | undefined>();
function pathOf(column: Column): JsonPath | undefined {
  if (!paths.has(column)) paths.set(column, parseJsonPath(column.jsonPath ?? ""));
  return paths.get(column);
}

function rowObject(object: KubeObject, { includeObject, version }: TableOptions): object {
  switch (includeObject) {
    case "None":
      return {};
    case "Object":
      return { object };
    case "Metadata":
      return { object: partialMetadata(object, version) };
  }
}

export function partialMetadata(object: object, version: TableVersion): object {
  const metadata = isJsonObject(object) ? object["metadata"] : undefined;
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata };
}
