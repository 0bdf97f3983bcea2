/** No core at all: no TLB, no walk caches, no nested TLB, flat memory. Every access is a cold walk. */
import { type Preset, array, dataCaches, semantics, tlbs, vendor, walkCache } from '../preset.js';

const BY_DEFINITION = 'by definition of this preset';

export const none: Preset = {
  name: 'none',
  summary: 'no TLB, no walk caches, no data caches: every access is a cold walk',
  entries: [
    vendor('intel'),
    ...tlbs(),
    ...walkCache('pwc', {}),
    semantics('combined', BY_DEFINITION),
    ...walkCache('npwc', {}),
    ...array('ntlb', 0, 0, BY_DEFINITION),
    ...dataCaches('l1', null, { enter: BY_DEFINITION, sizes: BY_DEFINITION }),
  ],
};
