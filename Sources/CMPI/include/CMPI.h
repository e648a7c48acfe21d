// MPI's macros and handles as plain C functions, because Swift cannot import the macros and because handles are
// pointers in Open MPI and integers elsewhere. Nothing else belongs here. Each function returns MPI's error code
// unless it says otherwise.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cmpi_communicator cmpi_communicator;  // owns an MPI_Comm

// MPI_Init_thread with MPI_THREAD_FUNNELED; sets *funneled to whether that level was granted. From then on, errors are
// returned (MPI_ERRORS_RETURN).
int cmpi_init(bool *funneled);
int cmpi_finalize(void);
int cmpi_abort(int status);
// The library's text for an error code; `text` holds cmpi_max_text() bytes.
int cmpi_error_text(int code, char *text);
int cmpi_max_text(void);
int cmpi_library_version(char *text, int capacity);
// Whether the library is Open MPI; else it is MPICH, or a relative of it.
bool cmpi_is_open_mpi(void);
int cmpi_host_name(char *text, int capacity);

// MPI_COMM_WORLD; null if out of memory.
cmpi_communicator *cmpi_world(void);
// The ranks that can share memory with this one (MPI_Comm_split_type, MPI_COMM_TYPE_SHARED).
int cmpi_split_node(const cmpi_communicator *from, cmpi_communicator **node);
// The ranks that pass the same color (MPI_Comm_split), in the order of their ranks.
int cmpi_split(const cmpi_communicator *from, int color, cmpi_communicator **part);
int cmpi_free_communicator(cmpi_communicator *communicator);
int cmpi_rank(const cmpi_communicator *communicator, int *rank);
int cmpi_size(const cmpi_communicator *communicator, int *size);

int cmpi_barrier(const cmpi_communicator *communicator);
// The same by MPI_Ibarrier, asleep between two looks: for long waits, which leave the processor to others.
int cmpi_barrier_asleep(const cmpi_communicator *communicator);
// MPI_Allreduce in place, of MPI_DOUBLE, MPI_FLOAT, MPI_INT32_T or MPI_INT16_T: MPI_SUM and MPI_MAX. Open MPI 4.1 adds
// 16-bit numbers with saturation (ompi#8045) and takes wrong minima of unsigned ones (ompi#10648): sums must fit, and
// there is no unsigned type.
typedef enum { CMPI_DOUBLE, CMPI_FLOAT, CMPI_INT32, CMPI_INT16 } cmpi_number;
int cmpi_allreduce_sum(const cmpi_communicator *communicator, void *buffer, int count, cmpi_number number);
int cmpi_allreduce_max(const cmpi_communicator *communicator, void *buffer, int count, cmpi_number number);
// MPI_Isend and MPI_Irecv of bytes together; the memory must stay until both are done. `cmpi_test_transfer` sets *done
// and then frees the transfer.
typedef struct cmpi_transfer cmpi_transfer;
int cmpi_start_transfer(const cmpi_communicator *communicator, const void *sent, int sent_count, int to, void *received,
                        int received_count, int from, int tag, cmpi_transfer **transfer);
int cmpi_test_transfer(cmpi_transfer *transfer, bool *done);
int cmpi_allgather_uint64(const cmpi_communicator *communicator, uint64_t value, uint64_t *values);
int cmpi_broadcast_bytes(const cmpi_communicator *communicator, void *bytes, int count, int root);

// Not MPI, but needed before Open MPI starts: whether this kernel lets a process read a sibling's memory
// (process_vm_readv). Containers often forbid it, and Open MPI then prints an error for every large message.
bool cmpi_can_attach_across_processes(void);

// The number of processors that this process may run on; 0 if unknown. CPU_COUNT is a macro.
int cmpi_allowed_processors(void);

// The type of the file system that a path lies on (statfs); 0 if unknown. Swift's Glibc has no statfs.
unsigned long cmpi_file_system(const char *path);
