import { DRIVER_NAME, type Read, shownCell as shown } from "../../data/drivers.ts";

const HOUR =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:\.0+)?)?)?)?(?:Z|\+00:?00)?$/;

/** The hour a text names, in seconds since 1970; a day alone is its first hour. */
export function readHour(text: string): Read<number> {
  const match = HOUR.exec(text);
  if (match === null)
    return {
      reason: `the hour ${shown(text)} is not one in UTC; write it as 2026-08-03T10:00:00Z`,
    };
  const [, year, month, day, hour = "00", minute = "00", second = "00"] = match;
  if (minute !== "00" || second !== "00")
    return {
      reason: `the hour ${shown(text)} is not a full hour; write the hour the quantity is of`,
    };
  const iso = `${year}-${month}-${day}T${hour}:00:00.000Z`;
  const at = Date.parse(iso);
  if (Number.isNaN(at) || new Date(at).toISOString() !== iso)
    return { reason: `the hour ${shown(text)} is on no calendar` };
  return { value: at / 1000 };
}

const KNOWN_DRIVER = new RegExp(DRIVER_NAME);

export function readDriver(text: string): Read<string> {
  return KNOWN_DRIVER.test(text)
    ? { value: text }
    : { reason: `the driver ${shown(text)} is no name; write letters, digits, dot and dash` };
}
