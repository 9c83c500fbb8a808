import type { App, RouteContext } from "../app.ts";

/** `/healthz`: the process answers. `/readyz`: it answers from the newest publish. */
export function healthRoutes(app: App, context: RouteContext): void {
  app.get("/healthz", { config: { needs: "health" }, schema: { hide: true } }, async () => ({
    ok: true,
  }));
  app.get("/readyz", { config: { needs: "health" }, schema: { hide: true } }, async (_, reply) => {
    const { snapshots } = context;
    const ready = snapshots.problem === null && snapshots.current.list.months.length > 0;
    return reply.code(ready ? 200 : 503).send({
      ok: ready,
      publishedId: snapshots.current.list.publishedId,
      problem:
        snapshots.problem === null
          ? snapshots.current.list.months.length > 0
            ? null
            : "nothing is published yet"
          : "the newest publish cannot be opened; the one before is served",
    });
  });
}
