// A CUDA driver (libcuda) in host memory, so that real pycuda runs where there is no GPU. It keeps the driver's rules
// on contexts, memory and streams, and is stricter than a GPU where that shows a mistake; it runs no kernels.
//
// - Every thread has a stack of contexts; a call without a living one on top fails, and so does every call in a child
//   of a process that called cuInit.
// - The primary context counts who retains it. When the last one releases it, all that was made in it is gone.
// - A stream does nothing until somebody waits for it. Its copies need pinned host memory, and both sides must still
//   be there when their turn comes.
//
// Other entries that pycuda links against answer CUDA_ERROR_NOT_SUPPORTED; host_cuda.sh generates them. One lock
// guards everything, and is not held while a host function of a stream runs.

#include <cuda.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK_DEPTH 16
#define TRY(CALL)                                                                                                      \
    do {                                                                                                               \
        CUresult result_ = (CALL);                                                                                     \
        if (result_ != CUDA_SUCCESS) return result_;                                                                   \
    } while (0)

struct CUctx_st {
    int retained; // by cuDevicePrimaryCtxRetain; destroyed at 0
};

enum kind { DEVICE, PINNED };

struct block {
    struct block *next;
    enum kind kind;
    int mapped;
    size_t size;
    char *data;
};

struct work { // a copy, or a host function
    struct work *next;
    const void *source;
    void *target;
    size_t size;
    CUhostFn function;
    void *argument;
};

struct CUstream_st {
    struct CUstream_st *next;
    struct work *first, **end;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct CUctx_st primary;
static struct block *blocks;
static struct CUstream_st *streams;
static size_t device_bytes, device_limit = (size_t)8 << 30;
static pid_t initialised;
static int n_devices = 1;
static __thread CUcontext stack[STACK_DEPTH];
static __thread int depth;

static CUresult usable(void) { return initialised == getpid() ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED; }

static CUresult current(void) {
    TRY(usable());
    if (depth == 0 || stack[depth - 1] == NULL) return CUDA_ERROR_INVALID_CONTEXT;
    return stack[depth - 1]->retained ? CUDA_SUCCESS : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

// ---- what tests ask

int host_cuda_retained(void) { return primary.retained; }
int host_cuda_depth(void) { return depth; } // of this thread's stack
void host_cuda_limit(size_t bytes) { device_limit = bytes; }
void host_cuda_devices(int n) { n_devices = n; }

int host_cuda_blocks(int kind) {
    int n = 0;
    for (struct block *block = blocks; block; block = block->next) n += (int)block->kind == kind;
    return n;
}

int host_cuda_streams(void) {
    int n = 0;
    for (CUstream stream = streams; stream; stream = stream->next) n++;
    return n;
}

// ---- driver and device

CUresult cuInit(unsigned flags) {
    (void)flags;
    if (n_devices == 0) return CUDA_ERROR_NO_DEVICE;
    if (initialised == 0) initialised = getpid();
    return usable();
}

CUresult cuDriverGetVersion(int *version) {
    *version = CUDA_VERSION;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
    *count = n_devices;
    return usable();
}

CUresult cuDeviceGet(CUdevice *device, int number) {
    *device = 0;
    TRY(usable());
    return number == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char *name, int size, CUdevice device) {
    (void)device;
    snprintf(name, (size_t)size, "Host memory");
    return usable();
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
    (void)device;
    *major = 8, *minor = 7; // Orin
    return usable();
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
    (void)device;
    *value = attribute == CU_DEVICE_ATTRIBUTE_INTEGRATED || attribute == CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY;
    return usable();
}

CUresult cuGetErrorString(CUresult error, const char **text) {
    *text = error == CUDA_ERROR_OUT_OF_MEMORY          ? "out of memory"
            : error == CUDA_ERROR_NO_DEVICE            ? "no CUDA-capable device is detected"
            : error == CUDA_ERROR_NOT_INITIALIZED      ? "initialization error"
            : error == CUDA_ERROR_INVALID_CONTEXT      ? "invalid device context"
            : error == CUDA_ERROR_CONTEXT_IS_DESTROYED ? "context is destroyed"
            : error == CUDA_ERROR_INVALID_VALUE        ? "invalid argument"
            : error == CUDA_ERROR_NOT_SUPPORTED        ? "operation not supported"
                                                       : "error of the host-memory driver";
    return CUDA_SUCCESS;
}

// ---- contexts

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    (void)device;
    TRY(usable());
    pthread_mutex_lock(&lock);
    primary.retained++;
    pthread_mutex_unlock(&lock);
    *context = &primary;
    return CUDA_SUCCESS;
}

static void forget_work(CUstream stream) {
    for (struct work *work = stream->first, *next; work; work = next) {
        next = work->next;
        free(work);
    }
    stream->first = NULL;
    stream->end = &stream->first;
}

static void forget_everything(void) {
    for (struct block *block = blocks, *next; block; block = next) {
        next = block->next;
        free(block->data);
        free(block);
    }
    for (CUstream stream = streams, next; stream; stream = next) {
        next = stream->next;
        forget_work(stream);
        free(stream);
    }
    blocks = NULL, streams = NULL, device_bytes = 0;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
    (void)device;
    TRY(usable());
    pthread_mutex_lock(&lock);
    CUresult result = primary.retained ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
    if (primary.retained && --primary.retained == 0) forget_everything();
    pthread_mutex_unlock(&lock);
    return result;
}

CUresult cuCtxPushCurrent(CUcontext context) {
    TRY(usable());
    if (context == NULL || depth == STACK_DEPTH) return CUDA_ERROR_INVALID_VALUE;
    if (!context->retained) return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    stack[depth++] = context;
    return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent(CUcontext *context) {
    TRY(usable());
    if (depth == 0) return CUDA_ERROR_INVALID_CONTEXT;
    depth--;
    if (context) *context = stack[depth];
    return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context) {
    *context = depth ? stack[depth - 1] : NULL;
    return usable();
}

CUresult cuCtxSetCurrent(CUcontext context) { // replaces the top, or empties it
    TRY(usable());
    if (depth) depth--;
    if (context) stack[depth++] = context;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice *device) {
    *device = 0;
    return current();
}

// ---- memory

static struct block **find(enum kind kind, const void *address, size_t size) {
    for (struct block **at = &blocks; *at; at = &(*at)->next)
        if ((*at)->kind == kind && (const char *)address >= (*at)->data &&
            (const char *)address + size <= (*at)->data + (*at)->size)
            return at;
    return NULL;
}

static CUresult make_block(enum kind kind, size_t size, int mapped, void **address) {
    TRY(current());
    if (size == 0) return CUDA_ERROR_INVALID_VALUE;
    struct block *block = malloc(sizeof *block);
    pthread_mutex_lock(&lock);
    char *data = NULL;
    if (block && (kind == PINNED || device_bytes + size <= device_limit))
        data = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    if (data) {
        memset(data, 0xA5, size); // nobody may count on zeros
        *block = (struct block){blocks, kind, mapped, size, data};
        blocks = block;
        if (kind == DEVICE) device_bytes += size;
    }
    pthread_mutex_unlock(&lock);
    if (!data) free(block);
    *address = data;
    return data ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static void run(CUstream stream, CUresult *result);

static CUresult free_block(enum kind kind, const void *address) {
    TRY(current());
    CUresult result = CUDA_SUCCESS;
    for (CUstream stream = streams; stream; stream = stream->next) run(stream, &result); // as the driver does
    pthread_mutex_lock(&lock);
    struct block **at = find(kind, address, 0), *block = at ? *at : NULL;
    if (block && block->data == address) {
        *at = block->next;
        if (kind == DEVICE) device_bytes -= block->size;
        free(block->data);
        free(block);
    } else {
        result = CUDA_ERROR_INVALID_VALUE;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

CUresult cuMemAlloc(CUdeviceptr *address, size_t size) {
    void *data = NULL;
    TRY(make_block(DEVICE, size, 0, &data));
    *address = (CUdeviceptr)data;
    return CUDA_SUCCESS;
}

CUresult cuMemFree(CUdeviceptr address) { return free_block(DEVICE, (void *)address); }

CUresult cuMemHostAlloc(void **address, size_t size, unsigned flags) {
    return make_block(PINNED, size, (flags & CU_MEMHOSTALLOC_DEVICEMAP) != 0, address);
}

CUresult cuMemFreeHost(void *address) { return free_block(PINNED, address); }

CUresult cuMemHostGetDevicePointer(CUdeviceptr *device, void *address, unsigned flags) {
    (void)flags;
    TRY(current());
    pthread_mutex_lock(&lock);
    struct block **at = find(PINNED, address, 0);
    int mapped = at && (*at)->mapped;
    pthread_mutex_unlock(&lock);
    *device = (CUdeviceptr)address;
    return mapped ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemGetInfo(size_t *left, size_t *total) {
    TRY(current());
    *total = device_limit, *left = device_limit - device_bytes;
    return CUDA_SUCCESS;
}

// ---- streams

CUresult cuStreamCreate(CUstream *made, unsigned flags) {
    (void)flags;
    TRY(current());
    CUstream stream = calloc(1, sizeof *stream);
    if (!stream) return CUDA_ERROR_OUT_OF_MEMORY;
    stream->end = &stream->first;
    pthread_mutex_lock(&lock);
    stream->next = streams;
    streams = stream;
    pthread_mutex_unlock(&lock);
    *made = stream;
    return CUDA_SUCCESS;
}

static int copyable(const struct work *work) {
    return (find(DEVICE, work->source, work->size) && find(PINNED, work->target, work->size)) ||
           (find(PINNED, work->source, work->size) && find(DEVICE, work->target, work->size));
}

static CUresult put(CUstream stream, struct work what) {
    TRY(current());
    struct work *work = malloc(sizeof *work);
    if (!work) return CUDA_ERROR_OUT_OF_MEMORY;
    *work = what;
    pthread_mutex_lock(&lock);
    int ok = work->function || copyable(work);
    if (ok) {
        *stream->end = work;
        stream->end = &work->next;
    }
    pthread_mutex_unlock(&lock);
    if (!ok) free(work);
    return ok ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static struct work *take(CUstream stream) {
    pthread_mutex_lock(&lock);
    struct work *work = stream->first;
    if (work) {
        stream->first = work->next;
        if (!stream->first) stream->end = &stream->first;
    }
    pthread_mutex_unlock(&lock);
    return work;
}

static void run(CUstream stream, CUresult *result) {
    for (struct work *work; (work = take(stream)); free(work)) {
        if (work->function) {
            work->function(work->argument);
            continue;
        }
        pthread_mutex_lock(&lock);
        int ok = copyable(work);
        if (ok) memcpy(work->target, work->source, work->size);
        pthread_mutex_unlock(&lock);
        if (!ok) *result = CUDA_ERROR_ILLEGAL_ADDRESS;
    }
}

CUresult cuStreamSynchronize(CUstream stream) {
    TRY(current());
    CUresult result = CUDA_SUCCESS;
    run(stream, &result);
    return result;
}

CUresult cuStreamQuery(CUstream stream) {
    TRY(current());
    return stream->first ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

CUresult cuStreamDestroy(CUstream stream) {
    TRY(cuStreamSynchronize(stream));
    pthread_mutex_lock(&lock);
    for (CUstream *at = &streams; *at; at = &(*at)->next)
        if (*at == stream) {
            *at = stream->next;
            break;
        }
    pthread_mutex_unlock(&lock);
    free(stream);
    return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr target, const void *source, size_t size, CUstream stream) {
    return put(stream, (struct work){.source = source, .target = (void *)target, .size = size});
}

CUresult cuMemcpyDtoHAsync(void *target, CUdeviceptr source, size_t size, CUstream stream) {
    return put(stream, (struct work){.source = (void *)source, .target = target, .size = size});
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void *argument) {
    return put(stream, (struct work){.function = function, .argument = argument});
}
