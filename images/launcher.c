/*
 * /opt/wherry/bin/wherry: runs the program with Wherry's own Node. Static, so that it starts in any image, with or without
 * a shell.
 *
 * NODE, PROGRAM and FLAGS ("--flag", "--flag",) come from the compiler's command line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What these load or change is meant for the app. Wherry gives them back to it (entrypoint/supervisor/app-environment.ts). */
static const char *const app_only[] = {"NODE_OPTIONS", "LD_PRELOAD", "LD_LIBRARY_PATH"};

static const char *const flags[] = {FLAGS NULL};

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

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof app_only / sizeof *app_only; i++) hold_back(app_only[i]);

  const char *given = getenv("WHERRY_NODE_OPTIONS");
  char *words = strdup(given == NULL ? "" : given);
  size_t limit = sizeof flags / sizeof *flags + (size_t)argc + 3;
  for (const char *c = words; c != NULL && *c != '\0'; c++) limit += *c == ' ';
  char **args = calloc(limit, sizeof *args);
  if (words == NULL || args == NULL) fail(NODE);

  size_t n = 0;
  args[n++] = (char *)NODE;
  for (const char *const *flag = flags; *flag != NULL; flag++) args[n++] = (char *)*flag;
  for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) args[n++] = word;
  args[n++] = (char *)PROGRAM;
  for (int i = 1; i < argc; i++) args[n++] = argv[i];
  execv(NODE, args);
  fail(NODE);
}
