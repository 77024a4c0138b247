import { granted, used } from '../cluster/rights.ts';
import { expect, print, test } from '../cluster/test.ts';

test('the operator used each of its rights in this run, and was refused nothing', async () => {
  const { allowed, refused } = await used();
  for (const [right, times] of [...allowed].sort()) print(right, `${times} times`);
  expect([...refused], 'refused').toEqual([]);
  const unused = (await granted()).filter((right) => !allowed.has(right));
  expect(unused, 'rules of the Role that nothing needs').toEqual([]);
});
