// Where the API server is: what listens beside it is reached from pods, and from the API server itself.

import { execa } from 'execa';

export interface Upstream {
  host: string;
  port: number;
  ca: Buffer;
}

/** The API server of the kubeconfig. */
export async function upstream(): Promise<Upstream> {
  const { stdout } = await execa('kubectl', ['config', 'view', '--raw', '--minify', '--output=json']);
  const { clusters } = JSON.parse(stdout) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  };
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  const { hostname, port } = new URL(server);
  return { host: hostname, port: Number(port), ca: Buffer.from(ca, 'base64') };
}
