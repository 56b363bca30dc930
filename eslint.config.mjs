import jsdoc from "eslint-plugin-jsdoc";
import importSort from "eslint-plugin-simple-import-sort";
import tseslint from "typescript-eslint";

/** TypeScript that TypeScriptToLua turns into slow or surprising Lua. */
const slowLua = [
    { selector: "ThrowStatement", message: 'Use error("...", 2): nginx logs a thrown table as "unknown reason".' },
    { selector: "TryStatement", message: "Use pcall: try/catch makes closures on every call." },
    { selector: "ForStatement", message: "Use for..of, or $range: a C-style loop becomes a while loop." },
    { selector: "ForInStatement", message: "Use for..of over pairs(t) or a LuaTable." },
    { selector: "ExportDefaultDeclaration", message: "Lua callers would need require(...).default." },
    { selector: "ArrayExpression > SpreadElement", message: "Copies through a sparse array." },
    { selector: "ObjectExpression > SpreadElement", message: "Needs lualib; write the fields out." },
    {
        selector: ":matches(ClassDeclaration, ClassExpression)",
        message: "Needs lualib; use functions and plain tables.",
    },
    {
        selector: "NewExpression[callee.name!=/^Lua/]",
        message: "Needs lualib; use LuaMap, LuaSet, LuaTable or a table literal.",
    },
    { selector: ":matches(AwaitExpression, YieldExpression)", message: "nginx is already asynchronous." },
];

export default tseslint.config(
    { ignores: ["lua-out", "node_modules", "run", "types"] },
    ...tseslint.configs.strict,
    {
        plugins: { "simple-import-sort": importSort },
        rules: { "simple-import-sort/imports": ["error", { groups: [["^node:", "^@?\\w", "^\\.\\.", "^\\."]] }] },
    },
    {
        // `await using _ = …` keeps a server until the end of its block.
        rules: { "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_$" }] },
    },
    {
        files: ["src/**/*.ts"],
        plugins: { jsdoc },
        rules: {
            // What a module offers says what it does; all else may.
            "jsdoc/require-jsdoc": [
                "error",
                {
                    publicOnly: true,
                    enableFixer: false,
                    require: { FunctionDeclaration: true, ArrowFunctionExpression: true },
                },
            ],
            "no-restricted-syntax": ["error", ...slowLua],
            "@typescript-eslint/consistent-type-imports": "error",
            "@typescript-eslint/no-use-before-define": "error",
            "@typescript-eslint/no-require-imports": "off",
            "@typescript-eslint/no-namespace": "off",
            // FFI functions, matches of known patterns and `this: void` need them.
            "@typescript-eslint/no-non-null-assertion": "off",
            "@typescript-eslint/no-invalid-void-type": "off",
        },
    },
);
