/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-crl.h"
#include "tests/fixtures/revocation-fixture.h"

/* A CRL of CS_TEST_CRL_NOW that lists as many serials of 16 octets, at random but for the seed; none
 * is that of a certificate of tests/fixtures. */
GBytes *cs_bench_crl_new(CsTestIdentity *ca, guint entries);
/* Of the CA's one CRL, its signature verified. */
CsCrlSet *cs_bench_crl_set_new(CsTestIdentity *ca, GBytes *crl);
