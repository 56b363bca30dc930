// A plugin of TypeScriptToLua: what a module calls, and the constants that it reads, become local variables, as in any Lua that is
// written for speed. `request.variable(name)` becomes `request_variable(name)`, after `local request_variable = request.variable`.
//
// LuaJIT treats such a variable as a constant. A function in a table it looks up and compares at each call, in compiled code too: the
// compiled log phase of a request had 2009 instructions before, and 1450 with it.
//
// Constants are names in capitals. A module's own exports become local variables as well, unless the file uses their name for
// something else.
import ts from "typescript";
import * as tstl from "typescript-to-lua";

const { SyntaxKind } = tstl;

/** The libraries of Lua that are tables. `ngx` is not among them: what it does depends on the phase, and specs replace it. */
const LIBRARIES = new Set(["bit", "math", "string", "table"]);
const GLOBAL_FUNCTIONS = new Set(["error", "ipairs", "pairs", "pcall", "setmetatable", "tonumber", "tostring", "type"]);
/**
 * Functions of one result that LuaJIT does not compile at the end of a function, where they are tail calls. In parentheses they are
 * none.
 */
const NO_TAIL_CALLS =
    /^(?:tonumber|tostring|type|math_(?:abs|ceil|exp|floor|log|max|min|random|sqrt)|string_(?:format|lower|rep|sub|upper)|table_concat|ffi_(?:cast|new|string)|bits_\w+)$/;
const CONSTANT = /^[A-Z][A-Z0-9_]*$/;
const EXPORTS = "____exports";
/** Lua's limit is 200 for a file. */
const MOST_LOCALS = 180;

function isNode(value) {
    return typeof value === "object" && value !== null && typeof value.kind === "number";
}

/** Visits all nodes of Lua code, children first; what `visit` returns takes a node's place. */
function replaceAll(node, visit) {
    for (const [field, value] of Object.entries(node)) {
        if (Array.isArray(value)) {
            value.forEach((each, place) => {
                if (isNode(each)) value[place] = replaceAll(each, visit);
            });
        } else if (isNode(value)) {
            node[field] = replaceAll(value, visit);
        }
    }
    return visit(node) ?? node;
}

/** The table and the field of `table.field`; nothing for any other expression. */
function fieldOf(node) {
    if (node?.kind !== SyntaxKind.TableIndexExpression) return undefined;
    if (node.table.kind !== SyntaxKind.Identifier || node.index.kind !== SyntaxKind.StringLiteral) return undefined;
    return { table: node.table.text, field: node.index.value };
}

/** The name of the variable that a statement fills by `require`. */
function requiredName(statement) {
    if (statement.kind !== SyntaxKind.VariableDeclarationStatement || statement.left.length !== 1) return undefined;
    const value = statement.right?.[0];
    const isRequire = value?.kind === SyntaxKind.CallExpression && value.expression.text === "require";
    return isRequire ? statement.left[0].text : undefined;
}

function declared(name, value) {
    return tstl.createVariableDeclarationStatement(tstl.createIdentifier(name), value);
}

function indexed(table, field) {
    return tstl.createTableIndexExpression(tstl.createIdentifier(table), tstl.createStringLiteral(field));
}

/** All names that the file uses. */
function namesIn(file) {
    const names = new Set();
    replaceAll(file, (node) => {
        if (node.kind === SyntaxKind.Identifier) names.add(node.text);
    });
    return names;
}

/** What the file exports by one statement of its own: `____exports.name = value`. */
function exported(statement) {
    if (statement.kind !== SyntaxKind.AssignmentStatement || statement.left.length !== 1) return undefined;
    const target = fieldOf(statement.left[0]);
    return target?.table === EXPORTS && statement.right.length === 1 ? target.field : undefined;
}

function isOwnConstant(name, value) {
    return CONSTANT.test(name) || value.kind === SyntaxKind.FunctionExpression;
}

/** Makes locals of the file's own functions and constants, and exports these. */
function localizeOwn(file, names) {
    const statements = [];
    const own = new Set();
    const useOwn = (node) => {
        const target = fieldOf(node);
        return target?.table === EXPORTS && own.has(target.field) ? tstl.createIdentifier(target.field) : undefined;
    };
    for (const statement of file.statements) {
        const name = exported(statement);
        const value = statement.right?.[0];
        if (name === undefined || names.has(name) || own.has(name) || !isOwnConstant(name, value)) {
            statements.push(replaceAll(statement, useOwn));
            continue;
        }
        own.add(name);
        const local = declared(name, value);
        local.leadingComments = statement.leadingComments;
        statements.push(replaceAll(local, useOwn));
        statements.push(tstl.createAssignmentStatement(indexed(EXPORTS, name), tstl.createIdentifier(name)));
    }
    file.statements = statements;
}

function isTailCall({ expressions }) {
    const call = expressions[0];
    return (
        expressions.length === 1 &&
        call.kind === SyntaxKind.CallExpression &&
        call.expression.kind === SyntaxKind.Identifier &&
        NO_TAIL_CALLS.test(call.expression.text)
    );
}

/** Makes locals of what the file uses of other modules and of Lua's libraries. */
function localizeOthers(file, names) {
    const required = new Set(file.statements.map(requiredName).filter(Boolean));
    const used = new Map();
    const globals = new Set();
    const nameFor = (table, field) => {
        const name = `${table.replace(/^_+/, "")}_${field}`;
        const fields = used.get(table) ?? new Set();
        used.set(table, fields);
        if (!fields.has(field) && names.has(name)) return undefined;
        fields.add(field);
        return name;
    };
    const isOther = (table) => required.has(table) || LIBRARIES.has(table);
    const localized = (node) => {
        const target = fieldOf(node);
        if (target === undefined || !isOther(target.table)) return undefined;
        const name = nameFor(target.table, target.field);
        return name === undefined ? undefined : tstl.createIdentifier(name);
    };
    replaceAll(file, (node) => {
        if (node.kind === SyntaxKind.CallExpression) {
            if (node.expression.kind === SyntaxKind.Identifier && GLOBAL_FUNCTIONS.has(node.expression.text)) {
                globals.add(node.expression.text);
            }
            node.expression = localized(node.expression) ?? node.expression;
        } else if (node.kind === SyntaxKind.ReturnStatement && isTailCall(node)) {
            node.expressions = [tstl.createParenthesizedExpression(node.expressions[0])];
        } else if (fieldOf(node)?.table === "math" && fieldOf(node).field === "huge") {
            return localized(node);
        } else if (CONSTANT.test(fieldOf(node)?.field ?? "") && required.has(fieldOf(node).table)) {
            // `ffi.C` is a library that is searched for each name.
            return fieldOf(node).field === "C" ? undefined : localized(node);
        }
        return undefined;
    });
    const locals = (table) =>
        [...(used.get(table) ?? [])]
            .sort()
            .map((field) => declared(`${table.replace(/^_+/, "")}_${field}`, indexed(table, field)));
    const first = [...globals].sort().map((name) => declared(name, tstl.createIdentifier(name)));
    for (const library of LIBRARIES) if (!required.has(library)) first.push(...locals(library));
    const statements = [];
    for (const statement of file.statements) {
        statements.push(statement);
        const name = requiredName(statement);
        if (name !== undefined) statements.push(...locals(name));
    }
    const at = declaresExports(statements[0]) ? 1 : 0;
    statements.splice(at, 0, ...first);
    file.statements = statements;
}

function declaresExports(statement) {
    return statement?.kind === SyntaxKind.VariableDeclarationStatement && statement.left[0].text === EXPORTS;
}

function countLocals(file) {
    return file.statements.filter(({ kind }) => kind === SyntaxKind.VariableDeclarationStatement).length;
}

export default {
    visitors: {
        [ts.SyntaxKind.SourceFile]: (node, context) => {
            const [file] = context.superTransformNode(node);
            localizeOwn(file, namesIn(file));
            localizeOthers(file, namesIn(file));
            if (countLocals(file) > MOST_LOCALS)
                throw new Error(`${node.fileName} has too many local variables for Lua`);
            return file;
        },
    },
};
