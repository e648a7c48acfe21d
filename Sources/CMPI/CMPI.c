#define _GNU_SOURCE
#include "CMPI.h"
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__linux__)
#include <errno.h>
#include <sched.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>
#endif

struct cmpi_communicator {
  MPI_Comm handle;
};

int cmpi_init(bool *funneled) {
  int provided = 0;
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (code != MPI_SUCCESS) return code;
  *funneled = provided >= MPI_THREAD_FUNNELED;
  return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

int cmpi_finalize(void) { return MPI_Finalize(); }
int cmpi_abort(int status) { return MPI_Abort(MPI_COMM_WORLD, status); }
int cmpi_max_text(void) { return MPI_MAX_ERROR_STRING; }

int cmpi_error_text(int code, char *text) {
  int length = 0;
  return MPI_Error_string(code, text, &length);
}

static void copy_text(char *to, int capacity, const char *from) {
  strncpy(to, from, (size_t)capacity - 1);
  to[capacity - 1] = 0;
}

int cmpi_library_version(char *text, int capacity) {
  char version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0, code = MPI_Get_library_version(version, &length);
  if (code == MPI_SUCCESS) copy_text(text, capacity, version);
  return code;
}

bool cmpi_is_open_mpi(void) {
#if defined(OPEN_MPI)
  return true;
#else
  return false;
#endif
}

int cmpi_host_name(char *text, int capacity) {
  char name[MPI_MAX_PROCESSOR_NAME];
  int length = 0, code = MPI_Get_processor_name(name, &length);
  if (code == MPI_SUCCESS) copy_text(text, capacity, name);
  return code;
}

cmpi_communicator *cmpi_world(void) {
  cmpi_communicator *world = malloc(sizeof *world);
  if (world) world->handle = MPI_COMM_WORLD;
  return world;
}

int cmpi_split_node(const cmpi_communicator *from, cmpi_communicator **node) {
  cmpi_communicator *new = malloc(sizeof *new);
  if (!new) return MPI_ERR_NO_MEM;
  int code = MPI_Comm_split_type(from->handle, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &new->handle);
  if (code != MPI_SUCCESS) {
    free(new);
    return code;
  }
  *node = new;
  return MPI_SUCCESS;
}

int cmpi_split(const cmpi_communicator *from, int color, cmpi_communicator **part) {
  cmpi_communicator *new = malloc(sizeof *new);
  if (!new) return MPI_ERR_NO_MEM;
  int code = MPI_Comm_split(from->handle, color, 0, &new->handle);
  if (code != MPI_SUCCESS) {
    free(new);
    return code;
  }
  *part = new;
  return MPI_SUCCESS;
}

int cmpi_free_communicator(cmpi_communicator *communicator) {
  int code = communicator->handle == MPI_COMM_WORLD ? MPI_SUCCESS : MPI_Comm_free(&communicator->handle);
  free(communicator);
  return code;
}

int cmpi_rank(const cmpi_communicator *communicator, int *rank) { return MPI_Comm_rank(communicator->handle, rank); }
int cmpi_size(const cmpi_communicator *communicator, int *size) { return MPI_Comm_size(communicator->handle, size); }
int cmpi_barrier(const cmpi_communicator *communicator) { return MPI_Barrier(communicator->handle); }

int cmpi_barrier_asleep(const cmpi_communicator *communicator) {
  MPI_Request request;
  int done = 0, code = MPI_Ibarrier(communicator->handle, &request);
  while (code == MPI_SUCCESS && !done) {
    code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (!done) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return code;
}

static MPI_Datatype type_of(cmpi_number number) {
  switch (number) {
    case CMPI_DOUBLE: return MPI_DOUBLE;
    case CMPI_FLOAT: return MPI_FLOAT;
    case CMPI_INT32: return MPI_INT32_T;
    case CMPI_INT16: return MPI_INT16_T;
  }
  return MPI_DATATYPE_NULL;
}

int cmpi_allreduce_sum(const cmpi_communicator *communicator, void *buffer, int count, cmpi_number number) {
  return MPI_Allreduce(MPI_IN_PLACE, buffer, count, type_of(number), MPI_SUM, communicator->handle);
}

int cmpi_allreduce_max(const cmpi_communicator *communicator, void *buffer, int count, cmpi_number number) {
  return MPI_Allreduce(MPI_IN_PLACE, buffer, count, type_of(number), MPI_MAX, communicator->handle);
}

struct cmpi_transfer {
  MPI_Request requests[2];
};

int cmpi_start_transfer(const cmpi_communicator *communicator, const void *sent, int sent_count, int to, void *received,
                        int received_count, int from, int tag, cmpi_transfer **transfer) {
  cmpi_transfer *new = malloc(sizeof *new);
  if (!new) return MPI_ERR_NO_MEM;
  int code = MPI_Irecv(received, received_count, MPI_BYTE, from, tag, communicator->handle, &new->requests[0]);
  if (code == MPI_SUCCESS)
    code = MPI_Isend(sent, sent_count, MPI_BYTE, to, tag, communicator->handle, &new->requests[1]);
  // After an error the job ends, and what was received may still be written.
  if (code == MPI_SUCCESS) *transfer = new;
  return code;
}

int cmpi_test_transfer(cmpi_transfer *transfer, bool *done) {
  int flag = 0, code = MPI_Testall(2, transfer->requests, &flag, MPI_STATUSES_IGNORE);
  *done = flag;
  if (flag) free(transfer);
  return code;
}

int cmpi_allgather_uint64(const cmpi_communicator *communicator, uint64_t value, uint64_t *values) {
  return MPI_Allgather(&value, 1, MPI_UINT64_T, values, 1, MPI_UINT64_T, communicator->handle);
}

int cmpi_broadcast_bytes(const cmpi_communicator *communicator, void *bytes, int count, int root) {
  return MPI_Bcast(bytes, count, MPI_BYTE, root, communicator->handle);
}

int cmpi_allowed_processors(void) {
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
#endif
  return 0;
}

bool cmpi_can_attach_across_processes(void) {
#if defined(__linux__)
  char from = 1, to = 0;
  struct iovec local = {&to, 1}, remote = {&from, 1};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
#else
  return true;
#endif
}

unsigned long cmpi_file_system(const char *path) {
#if defined(__linux__)
  struct statfs status;
  if (statfs(path, &status) == 0) return (unsigned long)status.f_type;
#endif
  return 0;
}
