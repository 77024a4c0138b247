// What one wants to read when a test has failed.

import { mkdir, writeFile } from 'node:fs/promises';

import { tryKubectl } from './commands.ts';
import { settings } from './settings.ts';

const views: Record<string, string[]> = {
  'chatservers.yaml': ['get', 'chatservers', '--output=yaml'],
  'objects.txt': ['get', 'all,ingresses,configmaps,poddisruptionbudgets,endpointslices', '--output=wide'],
  'pods.yaml': ['get', 'pods', '--output=yaml'],
  'events.txt': ['get', 'events', '--sort-by=.metadata.creationTimestamp'],
  'operator.log': ['logs', `deployment/${settings.release}-operator`, '--tail=-1'],
  'operator-before-restart.log': [
    'logs',
    `deployment/${settings.release}-operator`,
    '--previous',
    '--tail=-1',
  ],
  'chat-servers.log': [
    'logs',
    '--selector=app.kubernetes.io/name=hubbub-chat-server',
    '--prefix',
    '--tail=-1',
    '--max-log-requests=50',
  ],
  'redis.log': ['logs', `statefulset/${settings.release}-redis`, '--tail=-1'],
};

/** Writes the state of the release to files in `folder`. */
export async function writeDiagnosis(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all(
    Object.entries(views).map(async ([file, command]) => {
      const { said } = await tryKubectl(...command);
      await writeFile(`${folder}/${file}`, said);
    }),
  );
}
