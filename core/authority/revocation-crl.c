/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-crl.h"

#include "core/pki/certificate-extension.h"
#include "core/pki/distribution-point.h"

#define OID_KEY_USAGE	 "\x55\x1d\x0f"
#define OID_CRL_POINTS	 "\x55\x1d\x1f"
#define OID_FRESHEST_CRL "\x55\x1d\x2e"
#define OID_LENGTH_ID_CE 3

/* One CRL with what was found out once. */
typedef struct {
	CsCrl *crl;
	const CsCrlFields *fields;
	const char *problem;   /* (nullable) static: never used */
	CsCertificate *signer; /* (nullable): not the issuer's key, but this one's */
	GPtrArray *names;      /* (nullable) of its distribution point */
} Member;

struct _CsCrlSet {
	gatomicrefcount references;
	CsIssuer *issuer;
	GBytes *issuer_point; /* the issuer's name as a distribution point's */
	GArray *members;      /* (element-type Member) */
};

/* What is asked, and the best that was found so far. */
typedef struct {
	const CsCrlSet *set;
	const CsCertificate *certificate;
	const CsRevocationLimits *limits;
	const char *problem; /* (nullable): the first */
	guint reasons;	     /* for which nothing revokes it */
	gint64 this_update;
	gint64 valid_until;
	gboolean revoked;
} Question;

static void
clear_member_cb(gpointer data)
{
	Member *member = data;

	cs_crl_unref(member->crl);
	cs_certificate_unref(member->signer);
	g_clear_pointer(&member->names, g_ptr_array_unref);
}

/* ---- who may sign ---- */

/* A certificate of the issuer's own, under the issuer's name, made for CRLs and for nothing else
 * that could be confused with it: keyUsage must be there. */
static gboolean
may_sign_crls(const CsCrlSet *set, const CsCertificate *signer)
{
	const CsSignatureMethod *method = cs_certificate_get_signature_method(signer);
	const CsCertificate *issuer = cs_issuer_get_certificate(set->issuer);
	CsDer usage;

	return g_bytes_equal(cs_certificate_get_subject_name(signer),
			     cs_certificate_get_subject_name(issuer)) &&
	       cs_certificate_find_extension(signer, OID_KEY_USAGE, OID_LENGTH_ID_CE, &usage) &&
	       cs_certificate_may(signer, CS_KEY_USAGE_CRL_SIGN) &&
	       !cs_certificate_has_unknown_critical(signer) &&
	       cs_issuer_has_issued(set->issuer, signer) && !method->weak;
}

static gboolean
prepare_by(CsCrl *crl, CsCertificate *certificate)
{
	return cs_crl_prepare(crl, cs_certificate_get_public_key(certificate, NULL));
}

static const char *
find_signer(const CsCrlSet *set, Member *member, GPtrArray *signers)
{
	CsCertificate *issuer = cs_issuer_get_certificate(set->issuer);
	gboolean issuer_may = cs_certificate_may(issuer, CS_KEY_USAGE_CRL_SIGN);

	if (issuer_may && prepare_by(member->crl, issuer))
		return NULL;
	for (guint i = 0; signers != NULL && i < signers->len; i++) {
		CsCertificate *signer = g_ptr_array_index(signers, i);

		if (may_sign_crls(set, signer) && prepare_by(member->crl, signer)) {
			member->signer = cs_certificate_ref(signer);
			return NULL;
		}
	}
	return issuer_may ? "crl-signature-invalid" : "crl-signer-not-allowed";
}

/* What no certificate and no time can change. */
static const char *
examine(const CsCrlSet *set, Member *member, GPtrArray *signers)
{
	const CsCrlFields *fields = member->fields;
	const CsCertificate *issuer = cs_issuer_get_certificate(set->issuer);

	if (!g_bytes_equal(cs_crl_get_issuer_name(member->crl),
			   cs_certificate_get_subject_name(issuer)))
		return "crl-of-another-issuer";
	if (fields->indirect)
		return "crl-indirect";
	if (fields->unknown_critical)
		return "crl-critical-extension";
	if (fields->only_attributes)
		return "crl-scope";
	if (fields->point_name.length > 0) {
		member->names =
			cs_distribution_point_list_names(fields->point_name, fields->issuer);
		if (member->names == NULL)
			return "crl-malformed";
	}
	return find_signer(set, member, signers);
}

/**
 * cs_crl_set_new:
 * @issuer: whose certificates will be asked about; kept
 * @crls: (element-type CsCrl): what there is of CRLs, complete and delta; kept, and nobody else's
 *   from now on
 * @signers: (nullable) (element-type CsCertificate): who may sign in the issuer's place, if the
 *   issuer says so: only out of the administrator's hands, for they are not asked about themselves
 *
 * Verifies each signature once, and finds out what can never be used, and why.
 *
 * Returns: (transfer full): the set
 */
CsCrlSet *
cs_crl_set_new(CsIssuer *issuer, GPtrArray *crls, GPtrArray *signers)
{
	CsCrlSet *set = g_new0(CsCrlSet, 1);

	g_atomic_ref_count_init(&set->references);
	set->issuer = cs_issuer_ref(issuer);
	set->issuer_point = cs_distribution_point_name_of(
		cs_certificate_get_subject_der(cs_issuer_get_certificate(issuer)));
	set->members = g_array_new(FALSE, TRUE, sizeof(Member));
	g_array_set_clear_func(set->members, clear_member_cb);
	for (guint i = 0; i < crls->len; i++) {
		Member member = {.crl = cs_crl_ref(g_ptr_array_index(crls, i))};

		member.fields = cs_crl_get_fields(member.crl);
		member.problem = examine(set, &member, signers);
		g_array_append_val(set->members, member);
	}
	return set;
}

/**
 * cs_crl_set_ref:
 * @set: a set
 *
 * Returns: (transfer full): @set. Any thread.
 */
CsCrlSet *
cs_crl_set_ref(CsCrlSet *set)
{
	g_atomic_ref_count_inc(&set->references);
	return set;
}

/**
 * cs_crl_set_unref:
 * @set: (transfer full): a set. Any thread.
 */
void
cs_crl_set_unref(CsCrlSet *set)
{
	if (!g_atomic_ref_count_dec(&set->references))
		return;
	g_array_unref(set->members);
	g_bytes_unref(set->issuer_point);
	cs_issuer_unref(set->issuer);
	g_free(set);
}

static const Member *
get_member(const CsCrlSet *set, guint place)
{
	return &g_array_index(set->members, Member, place);
}

/**
 * cs_crl_set_get_length:
 * @set: a set
 *
 * Returns: how many CRLs are in it
 */
guint
cs_crl_set_get_length(const CsCrlSet *set)
{
	return set->members->len;
}

/**
 * cs_crl_set_get_crl:
 * @set: a set
 * @place: below its length
 *
 * Returns: (transfer none): the CRL
 */
const CsCrl *
cs_crl_set_get_crl(const CsCrlSet *set, guint place)
{
	return get_member(set, place)->crl;
}

/**
 * cs_crl_set_get_problem:
 * @set: a set
 * @place: below its length
 *
 * Returns: (transfer none) (nullable): why that CRL is never used; a code of docs/revocation.md
 */
const char *
cs_crl_set_get_problem(const CsCrlSet *set, guint place)
{
	return get_member(set, place)->problem;
}

/* ---- what a CRL covers ---- */

static CsRevocationTimes
times_of(const Member *member)
{
	return (CsRevocationTimes){
		.this_update = member->fields->this_update,
		.next_update = member->fields->next_update,
		.has_next_update = member->fields->has_next_update,
	};
}

static const char *
judge_freshness(const Member *member, const CsRevocationLimits *limits)
{
	static const char *const problems[] = {
		[CS_FRESHNESS_FRESH] = NULL,
		[CS_FRESHNESS_NOT_YET] = "crl-not-yet-valid",
		[CS_FRESHNESS_STALE] = "crl-stale",
		[CS_FRESHNESS_TOO_OLD] = "crl-too-old",
	};
	CsRevocationTimes times = times_of(member);

	if (member->signer != NULL &&
	    (limits->now < cs_certificate_get_not_before(member->signer) ||
	     limits->now > cs_certificate_get_not_after(member->signer)))
		return "crl-signer-not-allowed";
	return problems[cs_revocation_judge_times(&times, limits)];
}

/* A point with a cRLIssuer sends to an indirect CRL, which is not used here. */
static guint
reasons_of_point(const Member *member, const CsDistributionPoint *point)
{
	g_autoptr(GPtrArray) names = NULL;

	if (point->has_issuer)
		return 0;
	if (member->names == NULL)
		return point->reasons;
	names = cs_distribution_point_list_names(point->name, member->fields->issuer);
	if (names == NULL || !cs_distribution_point_share_name(names, member->names))
		return 0;
	return point->reasons;
}

/* RFC 5280 section 6.3.3: without distribution points the issuer's own name stands for one. */
static guint
reasons_without_points(const CsCrlSet *set, const Member *member)
{
	if (member->names == NULL ||
	    g_ptr_array_find_with_equal_func(member->names, set->issuer_point, g_bytes_equal, NULL))
		return CS_REASONS_ALL;
	return 0;
}

/* The reasons for which this CRL would list the certificate; 0: it is not this CRL's. */
static guint
find_reasons(const Question *question, const Member *member)
{
	CsDistributionPoint point;
	CsDer value, points;
	guint reasons = 0;

	if (!cs_certificate_find_extension(question->certificate, OID_CRL_POINTS, OID_LENGTH_ID_CE,
					   &value))
		return reasons_without_points(question->set, member) & member->fields->reasons;
	if (!cs_der_expect(&value, CS_DER_SEQUENCE, &points, NULL))
		return 0;
	while (cs_distribution_point_next(&points, &point))
		reasons |= reasons_of_point(member, &point);
	return points.length == 0 ? reasons & member->fields->reasons : 0;
}

/* RFC 5280 section 6.3.3 (b) (2); version 1 cannot say that it is no CA's. */
static gboolean
is_of_kind(const CsCertificate *certificate, const CsCrlFields *fields)
{
	gboolean is_ca = cs_certificate_is_ca(certificate);

	if (fields->only_authorities)
		return is_ca;
	return !fields->only_users || (!is_ca && cs_certificate_get_version(certificate) == 3);
}

static const char *
judge(const Question *question, const Member *member, guint *reasons)
{
	const char *problem = member->problem;

	if (problem == NULL)
		problem = judge_freshness(member, question->limits);
	if (problem != NULL)
		return problem;
	*reasons = find_reasons(question, member);
	return *reasons == 0 || !is_of_kind(question->certificate, member->fields) ? "crl-scope"
										   : NULL;
}

/* ---- complete CRLs and their deltas ---- */

static gboolean
is_delta(const Member *member)
{
	return member->fields->base_number.length > 0;
}

static gboolean
has_same_scope(const Member *a, const Member *b)
{
	return g_bytes_equal(cs_crl_get_issuer_name(a->crl), cs_crl_get_issuer_name(b->crl)) &&
	       cs_der_equal(a->fields->scope, b->fields->scope.data, b->fields->scope.length);
}

/* A later one of the same scope speaks for it. */
static gboolean
is_superseded(const Question *question, const Member *member)
{
	guint reasons = 0;

	for (guint i = 0; i < question->set->members->len; i++) {
		const Member *other = get_member(question->set, i);

		if (!is_delta(other) && has_same_scope(other, member) &&
		    cs_crl_is_newer(other->crl, member->crl) &&
		    judge(question, other, &reasons) == NULL)
			return TRUE;
	}
	return FALSE;
}

/* RFC 5280 sections 5.2.4 and 6.3.3 (c): same issuer, scope and signer, and numbers that meet. */
static gboolean
fits(const Question *question, const Member *base, const Member *delta)
{
	guint reasons = 0;

	return base->fields->number.length > 0 && base->signer == delta->signer &&
	       cs_crl_compare_numbers(delta->fields->base_number, base->fields->number) <= 0 &&
	       judge(question, delta, &reasons) == NULL;
}

/* The newest delta to a complete CRL. One that the CRL has overtaken is done with; any other that
 * does not fit is never ignored. Returns FALSE where there is one. */
static gboolean
find_delta(const Question *question, const Member *base, const Member **found)
{
	*found = NULL;
	for (guint i = 0; i < question->set->members->len; i++) {
		const Member *delta = get_member(question->set, i);

		if (!is_delta(delta) || !has_same_scope(delta, base) ||
		    (delta->fields->number.length > 0 &&
		     cs_crl_compare_numbers(delta->fields->number, base->fields->number) <= 0))
			continue;
		if (!fits(question, base, delta))
			return FALSE;
		if (*found == NULL || cs_crl_is_newer(delta->crl, (*found)->crl))
			*found = delta;
	}
	return TRUE;
}

/* RFC 5280 sections 4.2.1.15 and 5.2.6: where somebody points to a delta CRL, the complete one is not
 * all there is. One that can be used is enough, applied or overtaken. */
static gboolean
lacks_delta(const Question *question, const Member *base)
{
	guint reasons = 0;
	CsDer value;

	if (base->fields->freshest.length == 0 &&
	    !cs_certificate_find_extension(question->certificate, OID_FRESHEST_CRL,
					   OID_LENGTH_ID_CE, &value))
		return FALSE;
	for (guint i = 0; i < question->set->members->len; i++) {
		const Member *delta = get_member(question->set, i);

		if (is_delta(delta) && has_same_scope(delta, base) &&
		    judge(question, delta, &reasons) == NULL)
			return FALSE;
	}
	return TRUE;
}

static void
note_use(Question *question, const Member *member)
{
	CsRevocationTimes times = times_of(member);
	gint64 end = cs_revocation_get_end(&times, question->limits);

	question->this_update = MAX(question->this_update, times.this_update);
	question->valid_until = MIN(question->valid_until, end);
}

static CsCrlListing
look_up(Question *question, const Member *base, const Member *delta)
{
	CsDer serial = cs_certificate_get_serial_der(question->certificate);
	CsCrlListing listing = CS_CRL_NOT_LISTED;

	note_use(question, base);
	if (delta != NULL) {
		note_use(question, delta);
		listing = cs_crl_find(delta->crl, serial);
	}
	return listing == CS_CRL_NOT_LISTED ? cs_crl_find(base->crl, serial) : listing;
}

/* The first that is about this certificate's CRL; that another is none of its own is said only where
 * there is nothing else. */
static void
note_problem(Question *question, const char *problem)
{
	if (question->problem == NULL || g_str_equal(question->problem, "crl-of-another-issuer") ||
	    g_str_equal(question->problem, "crl-scope"))
		question->problem = problem;
}

static void
ask_complete(Question *question, const Member *base)
{
	const Member *delta = NULL;
	guint reasons = 0;
	const char *problem = judge(question, base, &reasons);
	gboolean fitting = FALSE;

	if (problem != NULL) {
		note_problem(question, problem);
		return;
	}
	if (is_superseded(question, base))
		return;
	fitting = find_delta(question, base, &delta);
	if (look_up(question, base, fitting ? delta : NULL) == CS_CRL_LISTED)
		question->revoked = TRUE;
	else if (!fitting)
		note_problem(question, "crl-delta-unfit");
	else if (lacks_delta(question, base))
		note_problem(question, "crl-delta-missing");
	else
		question->reasons |= reasons;
}

/**
 * cs_crl_set_decide:
 * @set: the CRLs of one issuer
 * @certificate: which that issuer has issued; the caller has asked
 * @limits: the time, and how old a CRL may be
 * @answer: (out): what they say of it
 *
 * RFC 5280 section 6.3.3 over all CRLs of @set: revoked where one that may be used lists it; good
 * only where those that may be used cover every reason; else unknown, with the first obstacle.
 * What is not used: indirect CRLs, and any CRL with something critical that is not known.
 *
 * A delta CRL that is there is used, or keeps its complete CRL from saying good; so does one that a
 * freshestCRL points to and that is not there.
 */
void
cs_crl_set_decide(const CsCrlSet *set,
		  const CsCertificate *certificate,
		  const CsRevocationLimits *limits,
		  CsRevocationAnswer *answer)
{
	Question question = {
		.set = set,
		.certificate = certificate,
		.limits = limits,
		.valid_until = G_MAXINT64,
	};

	for (guint i = 0; i < set->members->len; i++) {
		const Member *member = get_member(set, i);

		if (!is_delta(member))
			ask_complete(&question, member);
	}
	if (!question.revoked && question.reasons != CS_REASONS_ALL) {
		if (question.reasons != 0)
			note_problem(&question, "crl-reasons-incomplete");
		cs_revocation_answer_set_unknown(answer, question.problem != NULL ? question.problem
										  : "crl-missing");
		return;
	}
	*answer = (CsRevocationAnswer){
		.status = question.revoked ? CS_REVOCATION_REVOKED : CS_REVOCATION_GOOD,
		.detail = "crl",
		.this_update = question.this_update,
		.valid_until = question.valid_until,
	};
}
