// What the environment says about the cluster and the programs, with what scripts/e2e sets up as default.

export interface Settings {
  /** Where the cluster's Ingress is reached from here. */
  ingress: URL;
  /** The host name that browsers use. It is mapped to the Ingress, and is no secure context, like many an intranet. */
  host: string;
  namespace: string;
  /** The Helm release, and so the ChatServer. */
  release: string;
  images: { chatServer: string; operator: string; tag: string; redis: string };
  /** The `hubbub` command. */
  hubbub: string;
  chromium: string;
  /** The program that signals the node's processes; undefined on a cluster of one's own, whose node is out of reach. */
  localkube: string | undefined;
  /** The API server's audit log, where the node is at hand. */
  auditLog: string | undefined;
  /** Whether all tests run, so that one can tell what was never done. */
  whole: boolean;
  /** Where files outlive a test. scripts/e2e empties it at the start of a run. */
  results: string;
}

const root = new URL('../..', import.meta.url).pathname;

function given(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

function env(name: string, otherwise: string): string {
  return given(name) ?? otherwise;
}

export const settings: Settings = {
  ingress: new URL(env('INGRESS_URL', 'http://127.0.0.1:18080')),
  host: 'chat.local',
  namespace: env('HUBBUB_E2E_NAMESPACE', 'hubbub-e2e'),
  release: 'chat',
  images: {
    chatServer: env('HUBBUB_E2E_IMAGE_CHAT_SERVER', 'hubbub/chat-server'),
    operator: env('HUBBUB_E2E_IMAGE_OPERATOR', 'hubbub/operator'),
    tag: env('HUBBUB_E2E_IMAGE_TAG', ''),
    redis: env('HUBBUB_E2E_IMAGE_REDIS', 'redis:7'),
  },
  hubbub: env('HUBBUB_E2E_COMMAND', `${root}target/debug/hubbub`),
  chromium: env('CHROMIUM', '/usr/bin/chromium'),
  localkube: given('HUBBUB_E2E_LOCALKUBE'),
  auditLog: given('HUBBUB_E2E_AUDIT_LOG'),
  whole: given('HUBBUB_E2E_WHOLE') !== undefined,
  results: `${root}e2e/test-results`,
};

/** The page, as a browser of the tests gets to it. */
export function pageUrl(): string {
  const url = new URL(settings.ingress);
  url.hostname = settings.host;
  return url.href;
}
