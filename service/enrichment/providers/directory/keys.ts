/** How two parts of an identity make one key of the directory's tables. Pure. */
export const pair = (a: string, b: string): string => `${a}|${b}`;
