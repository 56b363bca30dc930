/**
 * What one needs to write a plugin: `define`, and the kinds and options of its schema. See docs/plugins.md.
 */
import * as kinds from "./config/kinds";
import * as schema from "./config/schema";
import * as contract from "./gateway/contract";

export type { Context, Phase, Plugin } from "./gateway/contract";
export type { Kind } from "./config/kinds";
export type { Option, Schema, Values } from "./config/schema";

export const define = contract.define;
export const option = schema.option;
export const required = schema.required;
export const optional = schema.optional;
export const table_of = schema.table_of;
export const map_of = schema.map_of;
export const defaulted = schema.defaulted;
export const kind = kinds;
