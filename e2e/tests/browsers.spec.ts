import { Person } from '../cluster/person.ts';
import { expect, print, test } from '../cluster/test.ts';

test('two browsers on different servers see what the other says', async ({ browser, cluster }) => {
  await cluster.settles(2);
  const ada = await Person.arrives(browser, 'Ada', 'Lovelace');

  // Who is sent where is the Ingress' choice; two servers that both take sessions come up within a few tries.
  let alan = await Person.arrives(browser, 'Alan', 'Turing');
  for (let tries = 1; alan.server === ada.server && tries < 20; tries += 1) {
    await alan.leaves();
    alan = await Person.arrives(browser, 'Alan', 'Turing');
  }
  expect(alan.server).not.toBe(ada.server);
  const pods = await cluster.readyPods();
  expect(pods).toContain(ada.server);
  expect(pods).toContain(alan.server);
  print('servers of the two browsers', `${ada.server}, ${alan.server}`);

  await ada.says('Is anybody there?');
  await alan.sees('Is anybody there?', 'Ada Lovelace');
  await alan.says('On another server.');
  await ada.sees('On another server.', 'Alan Turing');
  await ada.sees('Is anybody there?', 'Ada Lovelace');

  await ada.leaves();
  await alan.leaves();
});
