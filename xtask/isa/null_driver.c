// A Vulkan driver in front of Mesa's RADV on its null device: hides timeline semaphores, which the null device lacks and
// wgpu does not miss, and writes what the compiler says of every compute pipeline into a file of its own.
// cc -shared -fPIC -O1 -o null_driver.so null_driver.c -ldl; environment: REAL_ICD (the driver's .so), STATS_DIR.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_icd.h>

static PFN_vkGetInstanceProcAddr real_gipa;
static PFN_vkGetInstanceProcAddr real_phd;
static PFN_vkGetDeviceProcAddr real_gdpa;
static VkInstance the_instance;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
#define MAX 65536
static struct { VkShaderModule module; char *name; uint32_t *code; size_t size; } mods[MAX];
static int n_mods, n_pipes;

static void load(void) {
    if (real_gipa) return;
    void *h = dlopen(getenv("REAL_ICD"), RTLD_NOW);
    if (!h) { fprintf(stderr, "null driver: %s\n", dlerror()); exit(1); }
    PFN_vkNegotiateLoaderICDInterfaceVersion neg = (void *)dlsym(h, "vk_icdNegotiateLoaderICDInterfaceVersion");
    uint32_t v = 5;
    if (neg) neg(&v);
    Dl_info self;
    if (dladdr((void *)load, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
    real_gipa = (void *)dlsym(h, "vk_icdGetInstanceProcAddr");
    real_phd = (void *)dlsym(h, "vk_icdGetPhysicalDeviceProcAddr");
}
static PFN_vkVoidFunction dev(VkDevice d, const char *n) { return real_gdpa(d, n); }

static void hide(void *next) {
    for (VkBaseOutStructure *s = next; s; s = s->pNext) {
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES)
            ((VkPhysicalDeviceTimelineSemaphoreFeatures *)s)->timelineSemaphore = VK_FALSE;
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
            ((VkPhysicalDeviceVulkan12Features *)s)->timelineSemaphore = VK_FALSE;
    }
}
static VKAPI_ATTR void VKAPI_CALL features2(VkPhysicalDevice p, VkPhysicalDeviceFeatures2 *f) {
    PFN_vkGetPhysicalDeviceFeatures2 real = (void *)real_gipa(the_instance, "vkGetPhysicalDeviceFeatures2");
    real(p, f);
    hide(f->pNext);
}
static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *i, const VkAllocationCallbacks *a, VkInstance *out) {
    PFN_vkCreateInstance real = (void *)real_gipa(NULL, "vkCreateInstance");
    VkResult r = real(i, a, out);
    if (!r) {
        the_instance = *out;
        real_gdpa = (void *)real_gipa(*out, "vkGetDeviceProcAddr");
    }
    return r;
}
static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice p, const VkDeviceCreateInfo *i, const VkAllocationCallbacks *a, VkDevice *out) {
    PFN_vkCreateDevice real = (void *)real_gipa(the_instance, "vkCreateDevice");
    VkDeviceCreateInfo c = *i;
    const char *names[256];
    uint32_t n = 0;
    for (; n < i->enabledExtensionCount; n++) names[n] = i->ppEnabledExtensionNames[n];
    names[n++] = "VK_KHR_pipeline_executable_properties";
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR e = {
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, (void *)c.pNext, VK_TRUE};
    c.pNext = &e;
    c.enabledExtensionCount = n;
    c.ppEnabledExtensionNames = names;
    VkResult r = real(p, &c, a, out);
    if (r) fprintf(stderr, "null driver: vkCreateDevice %d\n", r);
    return r;
}
static VKAPI_ATTR VkResult VKAPI_CALL create_module(VkDevice d, const VkShaderModuleCreateInfo *i, const VkAllocationCallbacks *a, VkShaderModule *out) {
    PFN_vkCreateShaderModule real = (void *)dev(d, "vkCreateShaderModule");
    VkResult r = real(d, i, a, out);
    pthread_mutex_lock(&lock);
    if (!r && n_mods < MAX) {
        mods[n_mods].module = *out;
        mods[n_mods].name = NULL;
        mods[n_mods].size = i->codeSize;
        mods[n_mods].code = malloc(i->codeSize);
        memcpy(mods[n_mods].code, i->pCode, i->codeSize);
        n_mods++;
    }
    pthread_mutex_unlock(&lock);
    return r;
}
static struct { VkPipeline pipe; char path[256]; } pipes[MAX];
// A pipeline gets its name after it was made: the files get it too.
static VKAPI_ATTR VkResult VKAPI_CALL set_name(VkDevice d, const VkDebugUtilsObjectNameInfoEXT *i) {
    pthread_mutex_lock(&lock);
    if (i->objectType == VK_OBJECT_TYPE_PIPELINE && getenv("STATS_DIR"))
        for (int k = n_pipes - 1; k >= 0; k--)
            if ((uint64_t)pipes[k].pipe == i->objectHandle) {
                char from[512], to[512];
                for (int e = 0; e < 2; e++) {
                    snprintf(from, sizeof from, "%s.%s", pipes[k].path, e ? "txt" : "spv");
                    snprintf(to, sizeof to, "%s-%s.%s", pipes[k].path, i->pObjectName, e ? "txt" : "spv");
                    rename(from, to);
                }
                break;
            }
    pthread_mutex_unlock(&lock);
    return VK_SUCCESS;
}
static void report(VkDevice d, VkPipeline p, const VkComputePipelineCreateInfo *i) {
    const char *dir = getenv("STATS_DIR");
    if (!dir) return;
    pthread_mutex_lock(&lock);
    int number = n_pipes++;
    int m = -1;
    for (int k = n_mods - 1; k >= 0; k--) if (mods[k].module == i->stage.module) { m = k; break; }
    char path[512];
    pipes[number].pipe = p;
    snprintf(pipes[number].path, sizeof pipes[number].path, "%s/%04d", dir, number);
    snprintf(path, sizeof path, "%s.spv", pipes[number].path);
    FILE *f;
    if (m >= 0 && (f = fopen(path, "wb"))) { fwrite(mods[m].code, 1, mods[m].size, f); fclose(f); }
    snprintf(path, sizeof path, "%s.txt", pipes[number].path);
    f = fopen(path, "w");
    const VkSpecializationInfo *sp = i->stage.pSpecializationInfo;
    for (uint32_t k = 0; sp && k < sp->mapEntryCount; k++)
        fprintf(f, "spec\t%u\t%d\n", sp->pMapEntries[k].constantID, *(const int *)((const char *)sp->pData + sp->pMapEntries[k].offset));
    PFN_vkGetPipelineExecutablePropertiesKHR props = (void *)dev(d, "vkGetPipelineExecutablePropertiesKHR");
    PFN_vkGetPipelineExecutableStatisticsKHR stats = (void *)dev(d, "vkGetPipelineExecutableStatisticsKHR");
    PFN_vkGetPipelineExecutableInternalRepresentationsKHR reps = (void *)dev(d, "vkGetPipelineExecutableInternalRepresentationsKHR");
    VkPipelineInfoKHR pi = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, NULL, p};
    uint32_t n = 8;
    VkPipelineExecutablePropertiesKHR pr[8];
    for (int k = 0; k < 8; k++) { pr[k].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR; pr[k].pNext = NULL; }
    props(d, &pi, &n, pr);
    for (uint32_t e = 0; e < n; e++) {
        fprintf(f, "# executable %s: %s, subgroup %u\n", pr[e].name, pr[e].description, pr[e].subgroupSize);
        VkPipelineExecutableInfoKHR ei = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, NULL, p, e};
        uint32_t s = 0;
        stats(d, &ei, &s, NULL);
        VkPipelineExecutableStatisticKHR *st = calloc(s + 1, sizeof *st);
        for (uint32_t k = 0; k < s; k++) st[k].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
        stats(d, &ei, &s, st);
        for (uint32_t k = 0; k < s; k++) switch (st[k].format) {
            case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: fprintf(f, "stat\t%s\t%u\n", st[k].name, st[k].value.b32); break;
            case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: fprintf(f, "stat\t%s\t%ld\n", st[k].name, (long)st[k].value.i64); break;
            case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR: fprintf(f, "stat\t%s\t%lu\n", st[k].name, (unsigned long)st[k].value.u64); break;
            default: fprintf(f, "stat\t%s\t%f\n", st[k].name, st[k].value.f64);
        }
        uint32_t q = 0;
        reps(d, &ei, &q, NULL);
        VkPipelineExecutableInternalRepresentationKHR *re = calloc(q + 1, sizeof *re);
        for (uint32_t k = 0; k < q; k++) re[k].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
        reps(d, &ei, &q, re);
        for (uint32_t k = 0; k < q; k++) re[k].pData = calloc(1, re[k].dataSize + 1);
        reps(d, &ei, &q, re);
        for (uint32_t k = 0; k < q; k++) {
            fprintf(f, "# representation %s\n", re[k].name);
            if (re[k].isText) fprintf(f, "%s\n", (char *)re[k].pData);
        }
    }
    fclose(f);
    pthread_mutex_unlock(&lock);
}
static VKAPI_ATTR VkResult VKAPI_CALL create_pipelines(VkDevice d, VkPipelineCache c, uint32_t n, const VkComputePipelineCreateInfo *i, const VkAllocationCallbacks *a, VkPipeline *out) {
    PFN_vkCreateComputePipelines real = (void *)dev(d, "vkCreateComputePipelines");
    VkResult r = VK_SUCCESS;
    for (uint32_t k = 0; k < n; k++) {
        VkComputePipelineCreateInfo x = i[k];
        x.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
        VkResult one = real(d, VK_NULL_HANDLE, 1, &x, a, &out[k]);
        if (one) { fprintf(stderr, "null driver: vkCreateComputePipelines %d\n", one); r = one; }
        else report(d, out[k], &x);
    }
    return r;
}
static void heaps(VkPhysicalDeviceMemoryProperties *m) {
    // The null device has no memory at all; its allocations are malloc.
    if (m->memoryHeapCount) return;
    m->memoryHeapCount = 2;
    m->memoryHeaps[0] = (VkMemoryHeap){16ull << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
    m->memoryHeaps[1] = (VkMemoryHeap){16ull << 30, 0};
    m->memoryTypeCount = 3;
    m->memoryTypes[0] = (VkMemoryType){VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0};
    m->memoryTypes[1] = (VkMemoryType){VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT, 1};
    m->memoryTypes[2] = (VkMemoryType){VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, 1};
}
#define NEEDS(NAME, WHAT, INFO) \
static VKAPI_ATTR void VKAPI_CALL NAME(VkDevice d, WHAT o, INFO *r) { \
    ((void (VKAPI_PTR *)(VkDevice, WHAT, INFO *))dev(d, "vk" #NAME))(d, o, r); \
    need(r); \
}
#define need(r) if (!(r)->memoryTypeBits) (r)->memoryTypeBits = 7
NEEDS(GetBufferMemoryRequirements, VkBuffer, VkMemoryRequirements)
NEEDS(GetImageMemoryRequirements, VkImage, VkMemoryRequirements)
#undef need
#define need(r) if (!(r)->memoryRequirements.memoryTypeBits) (r)->memoryRequirements.memoryTypeBits = 7
NEEDS(GetBufferMemoryRequirements2, const VkBufferMemoryRequirementsInfo2 *, VkMemoryRequirements2)
NEEDS(GetImageMemoryRequirements2, const VkImageMemoryRequirementsInfo2 *, VkMemoryRequirements2)
static VKAPI_ATTR void VKAPI_CALL memory(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties *m) {
    PFN_vkGetPhysicalDeviceMemoryProperties real = (void *)real_gipa(the_instance, "vkGetPhysicalDeviceMemoryProperties");
    real(p, m);
    heaps(m);
}
static VKAPI_ATTR void VKAPI_CALL memory2(VkPhysicalDevice p, VkPhysicalDeviceMemoryProperties2 *m) {
    PFN_vkGetPhysicalDeviceMemoryProperties2 real = (void *)real_gipa(the_instance, "vkGetPhysicalDeviceMemoryProperties2");
    real(p, m);
    heaps(&m->memoryProperties);
}
static VKAPI_ATTR VkResult VKAPI_CALL alloc_mem(VkDevice d, const VkMemoryAllocateInfo *i, const VkAllocationCallbacks *a, VkDeviceMemory *out) {
    PFN_vkAllocateMemory real = (void *)dev(d, "vkAllocateMemory");
    VkResult r = real(d, i, a, out);
    if (r) fprintf(stderr, "null driver: vkAllocateMemory of %lu, type %u: %d\n", (unsigned long)i->allocationSize, i->memoryTypeIndex, r);
    return r;
}
// Nothing is recorded, nothing is run.
static VKAPI_ATTR VkResult VKAPI_CALL nothing(void) { return VK_SUCCESS; }
static VKAPI_ATTR VkResult VKAPI_CALL handle(VkDevice d, const void *i, const void *a, uint64_t *out) { *out = 1; return VK_SUCCESS; }
static PFN_vkVoidFunction mine(const char *n) {
    if (!strcmp(n, "vkCreateFence") || !strcmp(n, "vkCreateSemaphore")) return (PFN_vkVoidFunction)handle;
    static const char *const idle[] = {"vkBeginCommandBuffer", "vkEndCommandBuffer", "vkResetCommandBuffer", "vkResetCommandPool", "vkQueueSubmit",
        "vkQueueSubmit2", "vkQueueWaitIdle", "vkDeviceWaitIdle", "vkWaitForFences", "vkGetFenceStatus", "vkResetFences", "vkGetQueryPoolResults",
        "vkFreeCommandBuffers", "vkDestroyFence", "vkDestroySemaphore"};
    if (!strncmp(n, "vkCmd", 5)) return (PFN_vkVoidFunction)nothing;
    for (unsigned k = 0; k < sizeof idle / sizeof *idle; k++) if (!strcmp(n, idle[k])) return (PFN_vkVoidFunction)nothing;
    if (!strcmp(n, "vkGetPhysicalDeviceMemoryProperties")) return (PFN_vkVoidFunction)memory;
    if (!strcmp(n, "vkGetPhysicalDeviceMemoryProperties2") || !strcmp(n, "vkGetPhysicalDeviceMemoryProperties2KHR")) return (PFN_vkVoidFunction)memory2;
#define ONE(NAME) if (!strcmp(n, "vk" #NAME)) return (PFN_vkVoidFunction)NAME
    ONE(GetBufferMemoryRequirements);
    ONE(GetImageMemoryRequirements);
    ONE(GetBufferMemoryRequirements2);
    ONE(GetImageMemoryRequirements2);
    if (!strcmp(n, "vkAllocateMemory")) return (PFN_vkVoidFunction)alloc_mem;
    if (!strcmp(n, "vkCreateInstance")) return (PFN_vkVoidFunction)create_instance;
    if (!strcmp(n, "vkCreateDevice")) return (PFN_vkVoidFunction)create_device;
    if (!strcmp(n, "vkGetPhysicalDeviceFeatures2") || !strcmp(n, "vkGetPhysicalDeviceFeatures2KHR")) return (PFN_vkVoidFunction)features2;
    if (!strcmp(n, "vkCreateShaderModule")) return (PFN_vkVoidFunction)create_module;
    if (!strcmp(n, "vkCreateComputePipelines")) return (PFN_vkVoidFunction)create_pipelines;
    if (!strcmp(n, "vkSetDebugUtilsObjectNameEXT")) return (PFN_vkVoidFunction)set_name;
    return NULL;
}
static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL my_gdpa(VkDevice d, const char *n) {
    PFN_vkVoidFunction f = mine(n);
    if (f && dev(d, n)) return f;
    if (!strcmp(n, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)my_gdpa;
    return dev(d, n);
}
VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vk_icdGetInstanceProcAddr(VkInstance i, const char *n) {
    load();
    if (!strcmp(n, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)my_gdpa;
    PFN_vkVoidFunction f = mine(n);
    if (f) return f;
    return real_gipa(i, n);
}
VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vk_icdGetPhysicalDeviceProcAddr(VkInstance i, const char *n) {
    load();
    if (!strcmp(n, "vkGetPhysicalDeviceFeatures2") || !strcmp(n, "vkGetPhysicalDeviceFeatures2KHR")) return (PFN_vkVoidFunction)features2;
    if (!strcmp(n, "vkCreateDevice")) return (PFN_vkVoidFunction)create_device;
    if (!strcmp(n, "vkGetPhysicalDeviceMemoryProperties")) return (PFN_vkVoidFunction)memory;
    if (!strcmp(n, "vkGetPhysicalDeviceMemoryProperties2") || !strcmp(n, "vkGetPhysicalDeviceMemoryProperties2KHR")) return (PFN_vkVoidFunction)memory2;
    return real_phd ? real_phd(i, n) : real_gipa(i, n);
}
VKAPI_ATTR VkResult VKAPI_CALL vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *v) {
    load();
    if (*v > 5) *v = 5;
    return VK_SUCCESS;
}
