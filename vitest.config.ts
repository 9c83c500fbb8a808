import { defineConfig } from "vitest/config";
import { isWhole, LONG } from "./test/long.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      "test/bench/**",
      "**/node_modules/**",
      ...(isWhole(process.env) ? [] : [`test/${LONG}`]),
    ],
    globalSetup: ["test/global-setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // Two cores; the engine and Chromium bring threads of their own.
    maxWorkers: 2,
    pool: "forks",
    reporters: ["default"],
    env: {
      // A zone with half-hour days around it: what forgets UTC fails here.
      TZ: "Pacific/Chatham",
      APPORTION_NOW: "2026-09-20T12:00:00Z",
      UV_THREADPOOL_SIZE: "16",
    },
  },
});
