---@meta resty.openclaw.plugin

---@class openclaw.Context What an instance is made for.
---@field path string the beginning of error messages about its options, such as "setup: routes.analyze.region"
---@field route string the route's name; "" where the plugin stands alone
---@field upstream? { has_nodes: (fun(self: table): boolean), is_cut: (fun(self: table): boolean) }

---@class openclaw.Instance The methods of a plugin for one route. Each is optional. None may raise an error.
---@field access? fun(self: table, route: string) the request has come; may reject it, and may yield
---@field admitted? fun(self: table, route: string) no plugin has rejected the request; may yield
---@field before_balance? fun(self: table, route: string): boolean? false: no attempt is made
---@field balance? fun(self: table, route: string) a node has been chosen
---@field header_filter? fun(self: table, route: string)
---@field body_filter? fun(self: table, route: string)
---@field log? fun(self: table, route: string)
---@field init_worker? fun(self: table)
---@field exit_worker? fun(self: table)
---@field status? fun(self: table, route: string): table? its part of the status document; may yield

---@alias openclaw.Phase "access"|"admitted"|"before_balance"|"balance"|"header_filter"|"body_filter"|"log"

---@class openclaw.Kind The values that an option may have.
---@field name string as the tables of the docs show it
---@field read fun(given: any, path: string, problems: string[]): any

---@class openclaw.Option One option of a schema.

---@class openclaw.Declaration A plugin.
---@field name string the name of its option in a route, also used in error messages
---@field meaning string one line on what it does
---@field schema table<string, openclaw.Option>
---@field create fun(options: table, context: openclaw.Context): openclaw.Instance? nil: the route does without it
---@field order? table<openclaw.Phase, number> where it runs in each phase; lower numbers first
---@field variables? table<string, string> variables that nginx.conf declares for it, without "$", and what each holds until it is set
---@field without? fun(): openclaw.Instance? the instance of routes that do not have the option

---Functions for plugins of your own: see docs/plugins.md.
---@class openclaw.plugin
---@field kind openclaw.kinds
local plugin = {}

---Declares a plugin.
---@param declaration openclaw.Declaration
---@return openclaw.Declaration
function plugin.define(declaration) end

---An option with a default.
---@param kind openclaw.Kind
---@param default any
---@param meaning string one line
---@return openclaw.Option
function plugin.option(kind, default, meaning) end

---An option that must be given.
---@param kind openclaw.Kind
---@param meaning string one line
---@return openclaw.Option
function plugin.required(kind, meaning) end

---An option that is nil where it is not given.
---@param kind openclaw.Kind
---@param meaning string one line
---@return openclaw.Option
function plugin.optional(kind, meaning) end

---A table with options of its own.
---@param schema table<string, openclaw.Option>
---@return openclaw.Kind
function plugin.table_of(schema) end

---A table from names to values of another kind.
---@param kind openclaw.Kind
---@return openclaw.Kind
function plugin.map_of(kind) end

---A table with options of its own. If it is not given, these have their defaults. Raises an error if one of them is required.
---@param schema table<string, openclaw.Option>
---@param meaning string one line
---@return openclaw.Option
function plugin.defaulted(schema, meaning) end

---@class openclaw.kinds
---@field text openclaw.Kind strings with at least one character
---@field flag openclaw.Kind true, false
---@field positive openclaw.Kind numbers above 0
---@field not_negative openclaw.Kind numbers from 0 up
---@field share openclaw.Kind numbers from 0 to 1
---@field variable_name openclaw.Kind the name of a variable, without "$"
---@field path openclaw.Kind the absolute path of a file
---@field duration openclaw.Kind a time above 0 in seconds, or with a unit: 90, "90s", "15m", "1h", "7d"; read as seconds
---@field secret_file openclaw.Kind the path of a file; any other value is not shown in error messages
---@field callback openclaw.Kind functions
local kinds = {}

---Whole numbers.
---@param least integer
---@param most? integer
---@return openclaw.Kind
function kinds.whole(least, most) end

---Some strings.
---@param ... string
---@return openclaw.Kind
function kinds.one_of(...) end

---Lists of at least one entry.
---@param kind openclaw.Kind
---@return openclaw.Kind
function kinds.list_of(kind) end

---Lists, empty ones too.
---@param kind openclaw.Kind
---@return openclaw.Kind
function kinds.list_or_none_of(kind) end

---False, or a table of another kind.
---@param kind openclaw.Kind
---@return openclaw.Kind
function kinds.false_or(kind) end

---Tables with these methods.
---@param expected string the end of the error message "must be ..."
---@param names string[]
---@return openclaw.Kind
function kinds.with_methods(expected, names) end

---Whatever is given.
---@param name string as the tables of the docs show it
---@return openclaw.Kind
function kinds.anything(name) end

---Values for which `test` returns true.
---@param name string as the tables of the docs show it
---@param expected string the end of the error message "must be ..."
---@param test fun(given: any): boolean
---@return openclaw.Kind
function kinds.of(name, expected, test) end

return plugin
