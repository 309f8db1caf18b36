/* Measured choices of kernels, by what was asked of them. */
#ifndef CAIRN_PLAN_TUNING_H
#define CAIRN_PLAN_TUNING_H

#include "plan/plan.h"

/* Of several kernels of one level that can do the step: the fastest by `tuning`, which measures what it does
 * not know. modelled is what the model of costs takes. The step's site describes the operands. */
cairn_status cairn_tune_step(cairn_plan *plan, const cairn_step *step, const cairn_kernel *const *kernels,
                             int count, const cairn_kernel *modelled, const cairn_kernel **best);

/* The name of the kernel that was chosen for a site, and whether it was found in the file; NULL: none yet. */
const char *cairn_tuning_find(const cairn_tuning *tuning, const char *site);

/* Notes what was measured, in place of what may be there. */
cairn_status cairn_tuning_measured(cairn_tuning *tuning, const char *site, const char *kernel, bool differs);

/* Counts a choice that is used, the first time that it is. */
void cairn_tuning_used(cairn_tuning *tuning, const char *site, bool differs);

#endif
