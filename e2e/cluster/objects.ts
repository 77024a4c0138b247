// The parts of Kubernetes' objects that the tests look at.

export interface Metadata {
  name: string;
  uid: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
}

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

export interface List<T> {
  metadata: { resourceVersion: string };
  items: T[];
}

export interface Deployment {
  metadata: Metadata;
  spec: { replicas: number };
  status: {
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    observedGeneration?: number;
  };
}

export interface Pod {
  metadata: Metadata;
  spec: { containers: [{ image: string }] };
  status: { phase: string; podIP?: string; conditions?: Condition[] };
}

/** A decision by which the size changed, with what it was made on. */
export interface Decision {
  time: string;
  from: number;
  to: number;
  reason: string;
  limitedBy?: string;
  saw: { connections?: number; ready: number; draining: number };
}

export interface ChatServer {
  metadata: Metadata;
  spec: { replicas?: number; redis: { url: string } };
  status?: {
    observedGeneration?: number;
    replicas: number;
    readyReplicas: number;
    desiredReplicas: number;
    connections?: number;
    owner: 'Operator' | 'User';
    reason: string;
    draining?: string[];
    decisions?: Decision[];
    conditions?: Condition[];
  };
}

export interface Event {
  metadata: Metadata;
  reason: string;
  note?: string;
  eventTime?: string;
  regarding?: { kind: string; name: string };
}

/** What the namespace of the tests wants of a container: it has the level "restricted". */
export const securityContext = {
  runAsNonRoot: true,
  runAsUser: 65532,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Whether a pod is being emptied and not yet deleted. */
export function isDraining({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && metadata.labels?.['hubbub.dev/sessions'] === 'drain';
}

/** Whether a pod is ready and stays. */
export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    (pod.status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
  );
}
