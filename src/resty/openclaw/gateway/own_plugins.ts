/** The user's own plugins: declared ones, like the built-in ones, and tables with methods named as phases. Phases: init. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { AnyDeclaration, Plugin } from "./contract";
import * as contract from "./contract";
import * as declaration_check from "./declaration_check";

function has_method(table_given: Record<string, unknown>, path: string, problems: Problems): boolean {
    let methods = 0;
    for (const phase of contract.PHASES) {
        const method = table_given[phase];
        if (method !== undefined) methods += 1;
        if (method !== undefined && type(method) !== "function") {
            problem.add(problems, problem.child(path, phase), "a function", method);
        }
    }
    return methods > 0;
}

/** A table with methods named as phases. A table without any of these is an error. */
const PHASE_TABLE: Kind<Plugin> = {
    name: "table",
    read: (given, path, problems) => {
        if (type(given) !== "table") {
            problem.add_no_table(problems, path, "a table", given);
        } else if (type((given as Record<string, unknown>).create) === "function") {
            const name = tostring((given as Record<string, unknown>).name);
            problems.push(
                `${path} is a plugin as plugin.define makes it: list it in setup's plugins, and write ${name} = {} in the route`,
            );
        } else if (!has_method(given as Record<string, unknown>, path, problems)) {
            const phases = table.concat(contract.PHASES, ", ");
            problem.add_no_table(problems, path, `a table with a method of ${phases}`, given);
        }
        return given as Plugin;
    },
};

/** The option `plugins` of a route. */
export const PHASE_TABLES = kinds.list_or_none_of(PHASE_TABLE);

/** What a module returns: its declaration, or a table with the declaration in the field `plugin`, as built-in plugins do. */
function declaration_in(given: Record<string, unknown>): Record<string, unknown> {
    return type(given.plugin) === "table" ? (given.plugin as Record<string, unknown>) : given;
}

/** A plugin as returned by `define`, or the argument of `define`. */
const DECLARATION: Kind<AnyDeclaration> = {
    name: "plugin",
    read: (given, path, problems) => {
        if (type(given) !== "table") {
            problem.add_no_table(problems, path, 'a plugin, such as require("my_plugin")', given);
            return given as AnyDeclaration;
        }
        const fields = declaration_in(given as Record<string, unknown>);
        const before = problems.length;
        declaration_check.check(fields, path, problems);
        if (problems.length > before) return given as AnyDeclaration;
        return type(fields.option) === "table"
            ? (fields as unknown as AnyDeclaration)
            : contract.define(fields as never);
    },
};

/** The option `plugins` of `setup`. */
export const DECLARATIONS = kinds.list_or_none_of(DECLARATION);
