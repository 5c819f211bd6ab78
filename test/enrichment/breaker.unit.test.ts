import { expect, it } from "vitest";
import { Breaker } from "../../service/enrichment/breaker.ts";

it("leaves a source alone after failures in a row, tries it once when the pause is over, and trusts it when it works", () => {
  const breaker = new Breaker(3, 1_000);
  for (let i = 0; i < 3; i++) {
    expect(breaker.mayAsk(0)).toBe(true);
    breaker.failed(0);
  }
  expect(breaker.mayAsk(999)).toBe(false);
  expect(breaker.mayAsk(1_000)).toBe(true);
  expect(breaker.mayAsk(1_000)).toBe(false);
  breaker.failed(1_000);
  expect(breaker.mayAsk(1_999)).toBe(false);
  expect(breaker.mayAsk(2_000)).toBe(true);
  breaker.worked();
  expect(breaker.mayAsk(2_000)).toBe(true);
  breaker.failed(2_000);
  expect(breaker.mayAsk(2_000)).toBe(true);
});
