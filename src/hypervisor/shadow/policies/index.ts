/** The shadow policies that ship with p2msim: one import and one entry each. */
import { Registry } from '../../../util/registry.js';
import type { ShadowPolicy } from '../policy.js';
import { kvm, kvm612 } from './kvm.js';
import { xen, xenOosOff } from './xen.js';

export const policies = new Registry<ShadowPolicy>('shadow policy', [xen, xenOosOff, kvm, kvm612]);
