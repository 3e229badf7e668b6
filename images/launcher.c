/*
 * /opt/wherry/bin/wherry: runs the program with a Node whose options are not the app's.
 * /opt/wherry/bin/entrypoint: `wherry run -- ARGUMENTS`, beneath an init.
 *
 * Static, so that it starts in any image, with or without a shell.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INIT "/opt/wherry/bin/tini"
#define WHERRY "/opt/wherry/bin/wherry"
#define PROGRAM "/opt/wherry/program/main.cjs"

/* The tool's own, or the base image's. */
static const char *const nodes[] = {"/opt/wherry/bin/node", "/usr/local/bin/node"};

/* What these load or change is meant for the app. Wherry gives them back to it (entrypoint/supervisor/app-environment.ts). */
static const char *const app_only[] = {"NODE_OPTIONS", "LD_PRELOAD", "LD_LIBRARY_PATH"};

static void fail(const char *what) {
  fprintf(stderr, "Cannot start %s: %s\n", what, strerror(errno));
  exit(errno == ENOENT ? 127 : 126);
}

static void hold_back(const char *name) {
  char kept[64];
  const char *value = getenv(name);
  if (value == NULL) return;
  snprintf(kept, sizeof kept, "WHERRY_APP_%s", name);
  if (setenv(kept, value, 1) != 0) fail(kept);
  unsetenv(name);
}

static void run_program(int argc, char **argv) {
  for (size_t i = 0; i < sizeof app_only / sizeof *app_only; i++) hold_back(app_only[i]);

  const char *node = access(nodes[0], X_OK) == 0 ? nodes[0] : nodes[1];
  const char *given = getenv("WHERRY_NODE_OPTIONS");
  char *words = strdup(given == NULL ? "" : given);
  size_t limit = (size_t)argc + 4;
  for (const char *c = words; c != NULL && *c != '\0'; c++) limit += *c == ' ';
  char **args = calloc(limit, sizeof *args);
  if (words == NULL || args == NULL) fail(node);

  size_t n = 0;
  args[n++] = (char *)node;
  for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) args[n++] = word;
  args[n++] = (char *)PROGRAM;
  for (int i = 1; i < argc; i++) args[n++] = argv[i];
  execv(node, args);
  fail(node);
}

static void run_as_entrypoint(int argc, char **argv) {
  char **args = calloc((size_t)argc + 7, sizeof *args);
  if (args == NULL) fail(INIT);

  size_t n = 0;
  args[n++] = INIT;
  /*
   * Beside another init (docker run --init, Fly.io) tini warns unless it adopts orphans too. Process 1 does so anyway, and
   * must not ask for it: an emulator of another processor may not know how.
   */
  if (getpid() != 1) args[n++] = "-s";
  args[n++] = "--";
  args[n++] = WHERRY;
  args[n++] = "run";
  args[n++] = "--";
  for (int i = 1; i < argc; i++) args[n++] = argv[i];
  execv(INIT, args);
  fail(INIT);
}

int main(int argc, char **argv) {
  const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
  if (slash != NULL && strcmp(slash, "/entrypoint") == 0) run_as_entrypoint(argc, argv);
  run_program(argc, argv);
}
