/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * A libnvidia-ml.so.1 of two GPUs that are not there. Its structures are written down anew, by
 * nvml.h: who made a mistake in one place does not make it here, too. With ONLY_OLD it is that of a
 * driver of 2013. */

#include "fake-nvml.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__ ((visibility ("default"))) int

enum
{
  SUCCESS = 0,
  INVALID_ARGUMENT = 2,
  NOT_SUPPORTED = 3,
  NOT_FOUND = 6,
  INSUFFICIENT_SIZE = 7,
  DRIVER_NOT_LOADED = 9,
  GPU_IS_LOST = 15,
  UNKNOWN = 999,
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static FakeNvmlMode mode;
static unsigned int n_hanging;
static char devices[2]; /* their addresses are the handles */

/* For a program that takes it for the real one: the mode as a number. */
__attribute__ ((constructor)) static void
take_environment (void)
{
  const char *wanted = getenv ("FAKE_NVML_MODE");

  if (wanted)
    mode = (FakeNvmlMode) atoi (wanted);
}

/* A driver that hangs holds the lock that its library wants at the end of the process. */
__attribute__ ((destructor)) static void
hang_at_end (void)
{
  pthread_mutex_lock (&mutex);
  while (n_hanging > 0 && getenv ("FAKE_NVML_MODE"))
    pthread_cond_wait (&cond, &mutex);
  pthread_mutex_unlock (&mutex);
}

/* Who uses the first GPU most: whom the environment names, perhaps. */
static unsigned int
get_first_pid (void)
{
  const char *pid = getenv ("FAKE_NVML_PID");

  return pid ? (unsigned int) atoi (pid) : 4001;
}

__attribute__ ((visibility ("default"))) void fake_nvml_set (FakeNvmlMode wanted);
__attribute__ ((visibility ("default"))) unsigned int fake_nvml_get_hanging (void);

void
fake_nvml_set (FakeNvmlMode wanted)
{
  pthread_mutex_lock (&mutex);
  mode = wanted;
  pthread_cond_broadcast (&cond);
  pthread_mutex_unlock (&mutex);
}

unsigned int
fake_nvml_get_hanging (void)
{
  unsigned int n;

  pthread_mutex_lock (&mutex);
  n = n_hanging;
  pthread_mutex_unlock (&mutex);
  return n;
}

static FakeNvmlMode
get_mode (void)
{
  FakeNvmlMode now;

  pthread_mutex_lock (&mutex);
  now = mode;
  pthread_mutex_unlock (&mutex);
  return now;
}

static void
hang_while (FakeNvmlMode wanted)
{
  pthread_mutex_lock (&mutex);
  n_hanging += mode == wanted;
  while (mode == wanted)
    pthread_cond_wait (&cond, &mutex);
  n_hanging = 0;
  pthread_mutex_unlock (&mutex);
}

/* What every question about a device begins with. */
static int
check (void *device)
{
  hang_while (FAKE_HANGS_AT_READ);
  if (device != &devices[0] && device != &devices[1])
    return INVALID_ARGUMENT;
  if (get_mode () == FAKE_NOT_SUPPORTED)
    return NOT_SUPPORTED;
  if (get_mode () == FAKE_ONE_IS_LOST && device == &devices[1])
    return GPU_IS_LOST;
  return SUCCESS;
}

static int
init (void)
{
  hang_while (FAKE_HANGS_AT_INIT);
  return get_mode () == FAKE_NO_DRIVER ? DRIVER_NOT_LOADED : SUCCESS;
}

static int
get_count (unsigned int *n)
{
  *n = get_mode () == FAKE_ONE_IS_GONE ? 1 : get_mode () == FAKE_MANY ? UINT32_MAX : 2;
  return get_mode () == FAKE_COUNT_FAILS ? UNKNOWN : SUCCESS;
}

static int
get_handle (unsigned int index, void **device)
{
  if (index >= 2)
    return INVALID_ARGUMENT;
  if (get_mode () == FAKE_NO_HANDLE && index == 1)
    return GPU_IS_LOST;
  /* The one that is left has another number than before. */
  *device = &devices[get_mode () == FAKE_ONE_IS_GONE ? 1 : index];
  return SUCCESS;
}

static int
write_text (void *device, char *text, unsigned int size, const char *const texts[2])
{
  int result = check (device);

  if (result != SUCCESS)
    return result;
  if (get_mode () == FAKE_GARBAGE)
    memset (text, 0xe2, size);
  else
    strncpy (text, texts[device == &devices[1]], size);
  return SUCCESS;
}

EXPORT nvmlShutdown (void);
EXPORT nvmlDeviceGetName (void *device, char *name, unsigned int size);
EXPORT nvmlDeviceGetUUID (void *device, char *uuid, unsigned int size);
EXPORT nvmlDeviceGetUtilizationRates (void *device, unsigned int rates[2]);
EXPORT nvmlDeviceGetMemoryInfo (void *device, uint64_t info[3]);
EXPORT nvmlDeviceGetTemperature (void *device, unsigned int sensor, unsigned int *celsius);
EXPORT nvmlDeviceGetPowerUsage (void *device, unsigned int *milliwatts);
EXPORT nvmlDeviceGetComputeRunningProcesses (void *device, unsigned int *n, void *infos);

int
nvmlShutdown (void)
{
  return SUCCESS;
}

__attribute__ ((visibility ("default"))) const char *nvmlErrorString (int result);

const char *
nvmlErrorString (int result)
{
  switch (result)
    {
    case DRIVER_NOT_LOADED:
      return "Driver Not Loaded";
    case GPU_IS_LOST:
      return "GPU is lost";
    default:
      return NULL;
    }
}

int
nvmlDeviceGetName (void *device, char *name, unsigned int size)
{
  static const char *const names[] = { "NVIDIA H100 80GB HBM3", "NVIDIA GeForce RTX 4090" };

  return write_text (device, name, size, names);
}

int
nvmlDeviceGetUUID (void *device, char *uuid, unsigned int size)
{
  static const char *const uuids[] = { "GPU-11111111-aaaa", "GPU-22222222-bbbb" };

  return write_text (device, uuid, size, uuids);
}

int
nvmlDeviceGetUtilizationRates (void *device, unsigned int rates[2])
{
  int result = check (device);

  rates[0] = get_mode () == FAKE_GARBAGE ? 4000000000u : device == &devices[0] ? 93 : 0;
  rates[1] = 40;
  return result;
}

int
nvmlDeviceGetMemoryInfo (void *device, uint64_t info[3])
{
  int result = check (device);

  info[0] = UINT64_C (80) << 30;
  info[1] = UINT64_C (57) << 30;
  info[2] = UINT64_C (23) << 30;
  return result;
}

int
nvmlDeviceGetTemperature (void *device, unsigned int sensor, unsigned int *celsius)
{
  int result = check (device);

  *celsius = get_mode () == FAKE_GARBAGE ? 65535 : 61;
  return sensor == 0 ? result : INVALID_ARGUMENT;
}

int
nvmlDeviceGetPowerUsage (void *device, unsigned int *milliwatts)
{
  int result = check (device);

  *milliwatts = get_mode () == FAKE_GARBAGE ? UINT32_MAX : 280500;
  return result;
}

int
nvmlDeviceGetComputeRunningProcesses (void *device, unsigned int *n, void *infos)
{
  struct
  {
    unsigned int pid;
    unsigned long long memory;
  } *processes = infos;
  int result = check (device);

  if (result != SUCCESS)
    return result;
  processes[0].pid = get_first_pid ();
  processes[0].memory = UINT64_C (9) << 30;
  processes[1].pid = 4002;
  processes[1].memory = UINT64_MAX;
  *n = get_mode () == FAKE_GARBAGE ? 4000000000u : 2;
  return SUCCESS;
}

#ifdef ONLY_OLD

EXPORT nvmlInit (void);
EXPORT nvmlDeviceGetCount (unsigned int *n);
EXPORT nvmlDeviceGetHandleByIndex (unsigned int index, void **device);

int
nvmlInit (void)
{
  return init ();
}

int
nvmlDeviceGetCount (unsigned int *n)
{
  return get_count (n);
}

int
nvmlDeviceGetHandleByIndex (unsigned int index, void **device)
{
  return get_handle (index, device);
}

#else

EXPORT nvmlInit_v2 (void);
EXPORT nvmlDeviceGetCount_v2 (unsigned int *n);
EXPORT nvmlDeviceGetHandleByIndex_v2 (unsigned int index, void **device);
EXPORT nvmlDeviceGetPciInfo_v3 (void *device, void *info);
EXPORT nvmlDeviceGetMemoryInfo_v2 (void *device, void *info);
EXPORT nvmlDeviceGetMigMode (void *device, unsigned int *now, unsigned int *pending);
EXPORT nvmlDeviceGetComputeRunningProcesses_v3 (void *device, unsigned int *n, void *infos);
EXPORT nvmlDeviceGetGraphicsRunningProcesses_v3 (void *device, unsigned int *n, void *infos);
EXPORT nvmlDeviceGetProcessUtilization (void *device,
                                        void *samples,
                                        unsigned int *n,
                                        unsigned long long since);

int
nvmlInit_v2 (void)
{
  return init ();
}

int
nvmlDeviceGetCount_v2 (unsigned int *n)
{
  return get_count (n);
}

int
nvmlDeviceGetHandleByIndex_v2 (unsigned int index, void **device)
{
  return get_handle (index, device);
}

int
nvmlDeviceGetPciInfo_v3 (void *device, void *info)
{
  struct
  {
    char legacy_id[16];
    unsigned int domain, bus, device, device_id, subsystem_id;
    char id[32];
  } pci = { .domain = 0, .bus = device == &devices[0] ? 0x17 : 0xc1, .device = 0 };
  int result = check (device);

  if (result == SUCCESS)
    memcpy (info, &pci, sizeof pci);
  return result;
}

/* The version is checked as the driver does it: by the size, too. */
int
nvmlDeviceGetMemoryInfo_v2 (void *device, void *info)
{
  struct
  {
    unsigned int version;
    unsigned long long total, reserved, available, used;
  } *memory = info;
  int result = check (device);

  if (result != SUCCESS)
    return result;
  if (memory->version != (sizeof *memory | 2 << 24))
    return INVALID_ARGUMENT;
  memory->total = UINT64_C (80) << 30;
  memory->used = get_mode () == FAKE_GARBAGE ? UINT64_MAX : UINT64_C (22) << 30;
  return SUCCESS;
}

int
nvmlDeviceGetMigMode (void *device, unsigned int *now, unsigned int *pending)
{
  int result = check (device);

  *now = *pending = device == &devices[1];
  return result;
}

typedef struct
{
  unsigned int pid;
  unsigned long long memory;
  unsigned int gpu_instance, compute_instance;
} Info;

typedef struct
{
  Info info;
  unsigned long long protected_memory;
} LongInfo;

static int
write_processes (void *device, unsigned int *n, void *infos, const Info *from, unsigned int n_from)
{
  const int is_long = get_mode () == FAKE_LONG_PROCESSES;
  int result = check (device);

  if (result != SUCCESS)
    return result;
  if (*n < n_from)
    return INSUFFICIENT_SIZE;
  if (!is_long) /* as if it cleared what it was given */
    memset (infos, 0, *n * sizeof (Info));
  for (unsigned int i = 0; i < n_from; i++)
    if (is_long)
      ((LongInfo *) infos)[i] = (LongInfo){ from[i], 0 };
    else
      ((Info *) infos)[i] = from[i];
  *n = get_mode () == FAKE_GARBAGE ? 4000000000u : n_from;
  return SUCCESS;
}

int
nvmlDeviceGetComputeRunningProcesses_v3 (void *device, unsigned int *n, void *infos)
{
  const Info compute[] = {
    { get_first_pid (), UINT64_C (9) << 30, UINT32_MAX, UINT32_MAX },
    { 4002, UINT64_MAX, UINT32_MAX, UINT32_MAX },
    { 4003, UINT64_C (1) << 30, UINT32_MAX, UINT32_MAX },
  };

  return write_processes (device, n, infos, compute, device == &devices[0] ? 3 : 0);
}

/* One of them computes, too. */
int
nvmlDeviceGetGraphicsRunningProcesses_v3 (void *device, unsigned int *n, void *infos)
{
  const Info graphics[] = {
    { get_first_pid (), UINT64_C (9) << 30, UINT32_MAX, UINT32_MAX },
    { 4100, UINT64_C (2) << 30, UINT32_MAX, UINT32_MAX },
  };

  return write_processes (device, n, infos, graphics, device == &devices[0] ? 2 : 0);
}

int
nvmlDeviceGetProcessUtilization (void *device,
                                 void *samples,
                                 unsigned int *n,
                                 unsigned long long since)
{
  struct
  {
    unsigned int pid;
    unsigned long long time;
    unsigned int sm, memory, encoder, decoder;
  } *uses = samples;
  int result = check (device);

  if (result != SUCCESS)
    return result;
  if (device != &devices[0])
    return NOT_FOUND;
  if (*n < 2 || since == 0)
    return INSUFFICIENT_SIZE;
  uses[0].pid = uses[1].pid = get_first_pid ();
  uses[0].time = since + 1;
  uses[1].time = since + 2;
  uses[0].sm = 30;
  uses[1].sm = 70;
  *n = 2;
  return SUCCESS;
}

#endif
