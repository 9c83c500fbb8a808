import type { V1Ingress, V1Service, V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { compact, type KindFacts, sorted } from "./object.ts";

interface Balancer {
  loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] };
}

function addresses(status: Balancer | undefined): string[] {
  return (status?.loadBalancer?.ingress ?? [])
    .map(({ ip, hostname }) => ip ?? hostname ?? "")
    .filter((address) => address !== "")
    .toSorted();
}

/** Service: `type`, `addresses` (of its load balancer), `selector`, `ports` (`80/TCP`). */
export function serviceFacts({ spec, status }: V1Service): KindFacts {
  return {
    spec: {
      type: spec?.type,
      addresses: addresses(status),
      selector: sorted(spec?.selector),
      ports: (spec?.ports ?? []).map(({ port, protocol }) => `${port}/${protocol ?? "TCP"}`),
    },
  };
}

/** Ingress: `class`, `hosts`, `services` (names it sends to), `addresses`. */
export function ingressFacts({ spec, status }: V1Ingress): KindFacts {
  const rules = spec?.rules ?? [];
  const backends = [
    spec?.defaultBackend?.service?.name,
    ...rules.flatMap(({ http }) =>
      (http?.paths ?? []).map(({ backend }) => backend?.service?.name),
    ),
  ];
  return {
    spec: {
      class: spec?.ingressClassName,
      hosts: unique(rules.map(({ host }) => host)),
      services: unique(backends),
      addresses: addresses(status),
    },
  };
}

function unique(names: readonly (string | undefined)[]): string[] {
  const given = names.filter((name): name is string => name !== undefined && name !== "");
  return [...new Set(given)].toSorted();
}

/**
 * HorizontalPodAutoscaler: `targetKind`, `target`, `min`, `max`, `metrics` (`type`, `name`, and
 * `utilization` in percent where that is its target).
 */
export function autoscalerFacts({ spec }: V2HorizontalPodAutoscaler): KindFacts {
  return {
    spec: {
      targetKind: spec?.scaleTargetRef?.kind,
      target: spec?.scaleTargetRef?.name,
      min: spec?.minReplicas ?? 1,
      max: spec?.maxReplicas,
      metrics: (spec?.metrics ?? []).map((metric) => {
        const of = metric.resource ?? metric.containerResource;
        return compact({
          type: metric.type,
          name:
            of?.name ??
            metric.pods?.metric?.name ??
            metric.object?.metric?.name ??
            metric.external?.metric?.name,
          utilization: of?.target?.averageUtilization,
        });
      }),
    },
  };
}
