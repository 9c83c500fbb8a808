import { AppError, printable } from "../../data/errors.ts";

/** What a query is about. */
export interface Scope {
  /** As the client wants it: no leading slash, safe in a URL. */
  path: string;
  /** For people and as a key: as configured, lower case. */
  shown: string;
  /** The role that may read its cost, and what else may stand in the way. */
  role: string;
}

const GUID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}";
// Ends on something other than a dot, so that `.` and `..` are no names.
const NAME = "[-\\w.()\\p{L}\\p{N}]{0,89}[-\\w()\\p{L}\\p{N}]";
const ID = "[\\w:-]{1,128}";
const BILLING = `providers/Microsoft\\.Billing/billingAccounts/${ID}`;

const COST_READER =
  'needs the role "Cost Management Reader" (or Reader) there; a new subscription can take 48 hours';
const EA_READER =
  'needs the role "Enrollment reader" of the enrolment (given through the billing role API); it is not an Azure RBAC role';
const EA_PART_READER =
  'needs to be its administrator or "Enrollment reader", with "DA view charges" / "AO view charges" switched on in the enrolment';
const MCA_READER =
  'needs "Billing account reader", "Billing profile reader" or "Invoice section reader" at that level; it is not an Azure RBAC role';

const KINDS: readonly { pattern: RegExp; role: string }[] = [
  { pattern: whole(`subscriptions/${GUID}`), role: COST_READER },
  { pattern: whole(`subscriptions/${GUID}/resourceGroups/${NAME}`), role: COST_READER },
  {
    pattern: whole(`providers/Microsoft\\.Management/managementGroups/${NAME}`),
    role: `${COST_READER}; management groups work for Enterprise Agreements only`,
  },
  { pattern: whole(`${BILLING}/(?:departments|enrollmentAccounts)/${ID}`), role: EA_PART_READER },
  {
    pattern: whole(`${BILLING}/billingProfiles/${ID}(?:/invoiceSections/${ID})?`),
    role: MCA_READER,
  },
  { pattern: whole(`${BILLING}/customers/${ID}`), role: MCA_READER },
  // The number of an enrolment has no colon, the id of a customer agreement has.
  { pattern: whole("providers/Microsoft\\.Billing/billingAccounts/[\\w-]+"), role: EA_READER },
  { pattern: whole(BILLING), role: MCA_READER },
];

function whole(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`, "iu");
}

/** Reads a scope, with or without a leading slash; what Azure does not know is refused. */
export function parseScope(text: string, source: string): Scope {
  const bare = text.replace(/^\//, "").replace(/\/$/, "");
  const kind = KINDS.find(({ pattern }) => pattern.test(bare));
  if (kind === undefined)
    throw new AppError(
      "CONFIG_INVALID",
      `source ${printable(source)}: scope "${printable(text)}" is not one Azure knows; write subscriptions/ID, subscriptions/ID/resourceGroups/NAME, providers/Microsoft.Management/managementGroups/ID or providers/Microsoft.Billing/billingAccounts/ID`,
    );
  return {
    // The client puts it into the URL as it is.
    path: bare.split("/").map(encode).join("/"),
    shown: bare.toLowerCase(),
    role: kind.role,
  };
}

function encode(segment: string): string {
  return encodeURIComponent(segment).replaceAll("%3A", ":");
}
