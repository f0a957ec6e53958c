// Marks inline functions that run on every engine, so that a device computes what the tests check on the host.
#pragma once

#if defined(__CUDACC__)
#define GABLE_HD __host__ __device__
#else
#define GABLE_HD
#endif
