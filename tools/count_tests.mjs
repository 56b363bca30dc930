// Prints "passed failed" from a vitest JSON report: node tools/count_tests.mjs report.json
// A file that failed without a failed test (it did not load, its set-up broke) counts as one.
import { readFileSync } from "node:fs";

const [file] = process.argv.slice(2);
const report = JSON.parse(readFileSync(file, "utf8"));
let failed = report.numFailedTests;
for (const suite of report.testResults) {
    const named = suite.assertionResults.some((test) => test.status === "failed");
    if (suite.status === "failed" && !named) failed += 1;
}
console.log(report.numPassedTests, failed);
