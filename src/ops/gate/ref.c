/* Whether parameters change in this run: reference, and there is no other. */
#include "ops/real.h"

static void run(const cairn_work *work)
{
    const int32_t *finite = (const void *)work->in[0].data;
    *(int32_t *)(void *)work->out[0].data = *finite != 0 && !work->run->more;
}

const cairn_kernel CAIRN_KERNEL(gate_ref) = {
    .name = "ref", .isa = CAIRN_KERNEL_ISA, .precisions = CAIRN_KERNEL_PRECISION, .run = run};
