/** A value of any configuration key. */
import type { ConfigValue } from '../config/keys.js';
import { fromJson, type Shape } from './shape.js';

export const configValue: Shape<ConfigValue> = fromJson({ type: ['string', 'number', 'boolean'] });
