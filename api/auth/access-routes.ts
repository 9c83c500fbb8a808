import { Register } from "../../data/register.ts";
import { tokens } from "../../data/register/access.ts";
import type { App, RouteContext } from "../app.ts";
import { AccessState, Problem } from "../schemas/common.ts";
import { isLive } from "./tokens.ts";

/** Who may see what, as it is configured: for those who answer for it. */
export function accessRoutes(app: App, context: RouteContext): void {
  app.get(
    "/api/v1/access",
    {
      config: { needs: "configuration" },
      schema: {
        summary: "Roles by group, teams by group, tokens without their secrets",
        querystring: { type: "object", additionalProperties: false, properties: {} },
        response: { 200: AccessState, "4xx": Problem },
      },
    },
    async (_, reply) => {
      const { settings } = context.access;
      const register = new Register(context.paths.register);
      try {
        return await reply.send({
          signIn: settings.type,
          issuer: settings.oidc?.issuer.href ?? null,
          totals: settings.totals,
          roles: [...(settings.oidc?.roles ?? [])].map(([group, roles]) => ({
            group,
            roles: [...roles],
          })),
          teams: settings.teams.map(({ team, groups }) => ({ team, groups: [...groups] })),
          tokens: tokens(register).map((row) => ({
            id: row.id,
            name: row.name,
            roles: row.roles,
            teams: row.teams,
            createdBy: row.createdBy,
            createdAt: row.createdAt,
            expiresAt: row.expiresAt,
            lastUsedAt: row.lastUsedAt,
            live: isLive(row, context.now()),
          })),
        });
      } finally {
        register.close();
      }
    },
  );
}
