// Prints "passed failed" from a vitest JSON report: node tools/count_tests.mjs report.json
// A file that failed without a failed test (it did not load, its set-up broke) counts as one.
// Lines that follow name what failed, one "FAILED file: test" each, followed by the beginning of its message.
import { readFileSync } from "node:fs";

const [file] = process.argv.slice(2);
const report = JSON.parse(readFileSync(file, "utf8"));
const failures = report.testResults.flatMap((suite) => {
    const tests = suite.assertionResults.filter((test) => test.status === "failed");
    if (tests.length > 0) return tests.map((test) => [suite.name, test.fullName, test.failureMessages.join("\n")]);
    return suite.status === "failed" ? [[suite.name, "did not run", suite.message]] : [];
});
console.log(report.numPassedTests, failures.length);
for (const [suite, test, message] of failures) {
    console.log(`FAILED ${suite.split("/").at(-1)}: ${test}\n${message.slice(0, 1500)}`);
}
