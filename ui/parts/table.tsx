import type { ComponentChildren } from "preact";
import { hrefOf } from "../place.ts";

export interface Column<Row> {
  id: string;
  head: string;
  /** Currency or other unit, said once for the column. */
  unit?: string | null | undefined;
  kind?: "number" | "name" | "text";
  /** Hidden where there is little room; the column must be one people can do without. */
  wide?: boolean;
  cell: (row: Row) => ComponentChildren;
  foot?: ComponentChildren;
  title?: string;
}

interface TableProps<Row> {
  caption: string;
  /** Also "stacked": on a narrow screen each row is a small list instead of a cut line. */
  class?: string;
  id?: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  /** The order in force (`-cost`), where the table can be ordered; heads become links then. */
  sort?: string;
  /** Rows kept at the end whatever the order: others, sentinels. */
  pinned?: Row[];
  rowClass?: (row: Row) => string;
  /** What stands below a row, across all columns; null where it is closed. */
  below?: (row: Row) => ComponentChildren;
  /** What to say instead of an empty body. */
  empty?: string;
}

/** A table of figures: numbers to the right, the unit in the head, the sum in the foot. */
export function Table<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, pinned = [], keyOf, sort, rowClass, below, empty, id } = props;
  const belowOf = (row: Row, content: ComponentChildren) =>
    content === null
      ? []
      : [
          <tr key={`${keyOf(row)} below`} class="below">
            <td colSpan={columns.length}>{content}</td>
          </tr>,
        ];
  const footed = columns.some((column) => column.foot !== undefined);
  return (
    <div
      class={`table-frame ${props.class ?? ""}`}
      tabIndex={0}
      role="region"
      aria-label={caption}
      {...(id === undefined ? {} : { id })}
    >
      <table>
        <caption class="sr">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {[...rows, ...pinned].flatMap((row) => [
            <tr key={keyOf(row)} class={rowClass?.(row) ?? ""}>
              {columns.map((column) =>
                column.kind === "name" ? (
                  <th key={column.id} scope="row" class={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.id} class={classOf(column)} data-label={column.head}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>,
            ...belowOf(row, below?.(row) ?? null),
          ])}
          {rows.length + pinned.length === 0 && (
            <tr>
              <td colSpan={columns.length} class="none">
                {empty ?? "Nothing here."}
              </td>
            </tr>
          )}
        </tbody>
        {footed && (
          <tfoot>
            <tr>
              {columns.map((column) => (
                <td key={column.id} class={classOf(column)}>
                  {column.foot}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

function Head<Row>({ column, sort }: { column: Column<Row>; sort: string | undefined }) {
  const text = (
    <>
      {column.head}
      {column.unit && <span class="unit"> {column.unit}</span>}
    </>
  );
  const title = column.title === undefined ? {} : { title: column.title };
  if (sort === undefined || column.kind === "text") {
    return (
      <th scope="col" class={classOf(column)} {...title}>
        {text}
      </th>
    );
  }
  const up = sort === column.id;
  const down = sort === `-${column.id}`;
  // Largest first is what one wants of money, and A first of names.
  const first = column.kind === "number" ? `-${column.id}` : column.id;
  const second = column.kind === "number" ? column.id : `-${column.id}`;
  return (
    <th
      scope="col"
      class={classOf(column)}
      {...(up || down
        ? { "aria-sort": up ? ("ascending" as const) : ("descending" as const) }
        : {})}
      {...title}
    >
      <a href={hrefOf({ sort: sort === first ? second : first })}>
        {text}
        <span class="arrow" aria-hidden="true">
          {up ? "▲" : down ? "▼" : ""}
        </span>
      </a>
    </th>
  );
}

function classOf<Row>(column: Column<Row>): string {
  return `col-${column.id} ${column.kind ?? "text"}${column.wide === true ? " wide" : ""}`;
}
