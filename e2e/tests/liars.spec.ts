import { addLiar, removeLiars, type Lie } from '../cluster/liars.ts';
import { Watch } from '../cluster/sane.ts';
import { expect, test } from '../cluster/test.ts';

const lies: Record<string, Lie> = {
  'liar-silent': undefined,
  'liar-nan': 'NaN',
  'liar-negative': '-500',
  'liar-huge': '1e300',
};

test('servers that hang or say what can not be true are taken for full, and nothing shrinks on their word', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  await cluster.patch([{ op: 'replace', path: '/spec/scaling/min', value: 5 }]);
  await cluster.settles(5);
  const watch = await Watch.begin(cluster, startLoad);
  try {
    let honest = 5;
    for (const [name, lie] of Object.entries(lies)) {
      await addLiar(cluster, name, lie);
      honest -= 1;
      await expect
        .poll(
          async () => (await cluster.readyPods()).filter((pod) => !(pod in lies)).length,
          'honest servers',
        )
        .toBe(honest);
      await cluster.settles(5);
    }
    // One would do for those who chat, if it were known that nobody is on the others.
    await cluster.patch([{ op: 'replace', path: '/spec/scaling/min', value: 2 }]);
    await expect
      .poll(() => cluster.status())
      .toMatchObject({
        reason: '4 connections on 5 servers, 4 of which did not answer and count as full',
        desiredReplicas: 5,
      });
    expect(watch.sizesSeen().at(-1), 'the size').toBe(5);
  } finally {
    await removeLiars(Object.keys(lies));
    await cluster.patch([{ op: 'replace', path: '/spec/scaling/min', value: 2 }]);
  }
  await cluster.settles(2);
  await watch.end({ min: 2, max: 5 });
});
