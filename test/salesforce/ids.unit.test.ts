import fc from "fast-check";
import { expect, test } from "vitest";
import { findId, findObject, getId, isId } from "../../service/salesforce/ids.ts";

const id15 = fc.stringMatching(/^[a-zA-Z0-9]{15}$/);

test.each([
  ["001A0000006Vm9r", "001A0000006Vm9rIAC"],
  ["003RM0000068xV6", "003RM0000068xV6YAI"],
  ["001RM000003oLnn", "001RM000003oLnnYAE"],
])("%s becomes %s, as Salesforce spells it", (short, long) => {
  expect(getId(short)).toBe(long);
});

test("the long form of an id is its own long form, and begins with the short one", () => {
  fc.assert(
    fc.property(id15, (short) => {
      const long = getId(short);
      expect(long.slice(0, 15)).toBe(short);
      expect(getId(long)).toBe(long);
    }),
  );
});

test("an id whose letters changed case is no longer one", () => {
  fc.assert(
    fc.property(id15, fc.nat(14), (short, at) => {
      const c = short.charAt(at);
      const turned = c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase();
      const damaged = short.slice(0, at) + turned + short.slice(at + 1) + getId(short).slice(15);
      expect(isId(damaged)).toBe(turned === c);
    }),
  );
});

test("what is no id is refused with a sentence that quotes it", () => {
  for (const text of ["", "00Q", "00Q00000000000!", "00Q000000000000AAB", "x".repeat(500), "' OR Id != '"])
    expect(findId(text)).toBeUndefined();
  expect(() => getId("00Q000000000000AAB")).toThrow("“00Q000000000000AAB” is not a Salesforce record id");
});

test("the prefix names the object of standard records only", () => {
  expect(findObject("00Q000000000001AAA")).toBe("Lead");
  expect(findObject("00G000000000001AAA")).toBe("Group");
  expect(findObject("a0X000000000001AAA")).toBeUndefined();
});
