import { randomUUID } from 'node:crypto';

import { Person } from '../cluster/person.ts';
import { expect, print, test } from '../cluster/test.ts';

test('two browsers on different servers see what the other says', async ({ browser, cluster }) => {
  await cluster.settles(2);
  const pods = await cluster.readyPods();
  const podOf = (person: Person): string => pods.find((pod) => person.server.startsWith(pod)) ?? 'no pod';

  const ada = await Person.arrives(browser, 'Ada', 'Lovelace');
  // Who is sent where is the Ingress' choice; two servers that both take sessions come up within a few tries.
  let alan = await Person.arrives(browser, 'Alan', 'Turing');
  for (let tries = 1; podOf(alan) === podOf(ada) && tries < 20; tries += 1) {
    await alan.leaves();
    alan = await Person.arrives(browser, 'Alan', 'Turing');
  }
  expect([podOf(ada), podOf(alan)].sort()).toEqual([...pods].sort());
  print('pods of the two browsers', `${podOf(ada)}, ${podOf(alan)}`);

  // Said in no run before, should the room be an old one.
  const [question, answer] = [`Is anybody there? ${randomUUID()}`, `On another server. ${randomUUID()}`];
  await ada.says(question);
  await alan.sees(question, 'Ada Lovelace');
  await alan.says(answer);
  await ada.sees(answer, 'Alan Turing');
  await ada.sees(question, 'Ada Lovelace');

  await ada.leaves();
  await alan.leaves();
});
