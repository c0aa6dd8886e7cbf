/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/pipeline.h"

/* One run over one server's list. */
typedef struct {
	CsStores *stores;
	GPtrArray *list; /* (element-type CsCertificate): as the server sent it */
	const char *const *allowed;
	gint64 judged_at;
	const CsAttestationTies *ties; /* NULL: explain's probe */
	GCancellable *cancellable;
	char *attestation;
} Run;

/* The issuers that take part, and what each store has under their names. */
typedef struct {
	GPtrArray *issuers; /* (element-type CsIssuer) */
	GArray *places;	    /* of each in the server's list: guint */
	GPtrArray *user;    /* (element-type GPtrArray) */
	GPtrArray *machine;
	guint allowed; /* how many the configuration permits, usable or not */
} Tables;

static void
tables_clear(Tables *tables)
{
	g_ptr_array_unref(tables->issuers);
	g_array_unref(tables->places);
	g_ptr_array_unref(tables->user);
	g_ptr_array_unref(tables->machine);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tables, tables_clear)

static gboolean
is_allowed(const Run *run, CsCertificate *issuer)
{
	return run->allowed == NULL ||
	       g_strv_contains(run->allowed, cs_certificate_get_fingerprint(issuer));
}

static void
add_issuer(const Run *run, Tables *tables, guint place)
{
	CsCertificate *certificate = g_ptr_array_index(run->list, place);
	if (!is_allowed(run, certificate))
		return;
	tables->allowed++;
	CsIssuer *issuer = cs_stores_dup_issuer(run->stores, certificate, NULL);
	if (issuer == NULL)
		return;
	GBytes *name = cs_certificate_get_subject_name(certificate);
	g_ptr_array_add(tables->issuers, issuer);
	g_array_append_val(tables->places, place);
	g_ptr_array_add(tables->user, cs_stores_look_up(run->stores, CS_STORE_USER, name));
	g_ptr_array_add(tables->machine, cs_stores_look_up(run->stores, CS_STORE_MACHINE, name));
}

static void
fill_tables(const Run *run, Tables *tables)
{
	tables->issuers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_unref);
	tables->places = g_array_new(FALSE, FALSE, sizeof(guint));
	tables->user = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	tables->machine = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	for (guint place = 0; place < run->list->len; place++)
		add_issuer(run, tables, place);
}

static gboolean
try_key(Run *run, const CsCandidate *candidate, GError **error)
{
	CsCertificate *certificate = cs_store_entry_get_certificate(candidate->entry);
	g_autoptr(CsPrivateKey) key =
		cs_store_entry_open_key(candidate->entry, run->cancellable, error);
	if (key == NULL)
		return FALSE;
	if (run->ties == NULL)
		return cs_signing_probe(certificate, key, run->judged_at, error);
	run->attestation = cs_signing_attest(certificate, key, run->ties, error);
	return run->attestation != NULL;
}

/* Rule 7: newest first; one that fails gives way to the next. FALSE only where cancelled. */
static gboolean
try_in_turn(Run *run, CsSelection *selection, GError **error)
{
	for (CsCandidate *candidate = cs_selection_get_next(selection); candidate != NULL;
	     candidate = cs_selection_get_next(selection)) {
		g_autoptr(GError) failure = NULL;
		gboolean signed_by_it = try_key(run, candidate, &failure);
		if (g_cancellable_set_error_if_cancelled(run->cancellable, error)) {
			g_clear_pointer(&run->attestation, g_free);
			return FALSE;
		}
		cs_selection_tell(selection, candidate, signed_by_it ? NULL : failure);
	}
	return TRUE;
}

/* Issuers that took no part stand in the explanation too, at their place. */
static void
restore_places(const Run *run, const Tables *tables, CsExplanation *explanation)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_explanation_free);
	g_autoptr(GPtrArray) asked = g_steal_pointer(&explanation->issuers);
	guint next = 0;
	g_ptr_array_set_free_func(asked, NULL); /* each moves over */
	for (guint place = 0; place < run->list->len; place++) {
		if (next >= asked->len || g_array_index(tables->places, guint, next) != place) {
			g_ptr_array_add(all, cs_issuer_explanation_new(
						     g_ptr_array_index(run->list, place)));
			continue;
		}
		CsIssuerExplanation *issuer = g_ptr_array_index(asked, next);
		for (guint i = 0; i < issuer->candidates->len; i++)
			((CsCandidate *)g_ptr_array_index(issuer->candidates, i))->issuer_index =
				place;
		g_ptr_array_add(all, issuer);
		next++;
	}
	explanation->issuers = all;
}

static void
complete(const Run *run, const Tables *tables, CsExplanation *explanation)
{
	restore_places(run, tables, explanation);
	g_ptr_array_unref(explanation->passed_over);
	explanation->passed_over = cs_stores_dup_passed_over(run->stores);
	if (run->list->len == 0 || explanation->selected != NULL)
		return;
	if (tables->allowed == 0)
		explanation->reason = CS_REASON_CONSENT_MISSING;
	else if (tables->issuers->len == 0)
		explanation->reason = CS_REASON_NO_CERTIFICATE;
}

static CsExplanation *
run_pipeline(Run *run, GError **error)
{
	g_auto(Tables) tables = {0};
	cs_stores_refresh(run->stores, run->cancellable);
	fill_tables(run, &tables);
	if (g_cancellable_set_error_if_cancelled(run->cancellable, error))
		return NULL;
	g_autoptr(CsSelection) selection =
		cs_selection_new(tables.issuers, (GPtrArray *const *)tables.user->pdata,
				 (GPtrArray *const *)tables.machine->pdata, run->judged_at);
	if (!try_in_turn(run, selection, error))
		return NULL;
	CsExplanation *explanation = cs_selection_finish(g_steal_pointer(&selection));
	complete(run, &tables, explanation);
	return explanation;
}

/**
 * cs_pipeline_attest:
 * @stores: the stores
 * @issuers: (element-type CsCertificate): the server's list of this authentication (rule 4)
 * @allowed_issuers: (nullable) (array zero-terminated=1): lower-case hex fingerprints; where given,
 *   other issuers are passed over
 * @judged_at: Unix seconds: the challenge's time (rule 8)
 * @ties: what the attestation ties itself to
 * @cancellable: (nullable)
 * @attestation: (out) (nullable) (transfer full): countersign-mgmt+jwt, or %NULL where no
 *   certificate could be used
 * @explanation: (out) (transfer full): why; its reason is what to send in place of the attestation
 * @error: return location
 *
 * Brings the stores up to date, selects by rules 4 to 8 and signs with the certificate that wins;
 * signing is the proof that its key can be used (rule 7). A listed issuer whose public key cannot be
 * used stays in the explanation without candidates. Without an attestation the sign-in goes on
 * (rule 2). Proves nothing to the client about revocation (rule 9). Blocks; any thread.
 *
 * Returns: %FALSE only with %G_IO_ERROR_CANCELLED, both out arguments then %NULL
 */
gboolean
cs_pipeline_attest(CsStores *stores,
		   GPtrArray *issuers,
		   const char *const *allowed_issuers,
		   gint64 judged_at,
		   const CsAttestationTies *ties,
		   GCancellable *cancellable,
		   char **attestation,
		   CsExplanation **explanation,
		   GError **error)
{
	Run run = {.stores = stores,
		   .list = issuers,
		   .allowed = allowed_issuers,
		   .judged_at = judged_at,
		   .ties = ties,
		   .cancellable = cancellable};
	*explanation = run_pipeline(&run, error);
	*attestation = run.attestation;
	return *explanation != NULL;
}

/**
 * cs_pipeline_explain:
 * @stores: the stores
 * @issuers: (element-type CsCertificate): as in cs_pipeline_attest()
 * @allowed_issuers: (nullable) (array zero-terminated=1): as in cs_pipeline_attest()
 * @judged_at: Unix seconds
 * @by_device_clock: whether that is the device's clock's time
 * @cancellable: (nullable)
 * @error: return location
 *
 * The same for `explain`: keys are proven with a payload whose audience no verifier accepts
 * (rule 7), and nothing leaves.
 *
 * Returns: (transfer full): the explanation; %NULL with %G_IO_ERROR_CANCELLED
 */
CsExplanation *
cs_pipeline_explain(CsStores *stores,
		    GPtrArray *issuers,
		    const char *const *allowed_issuers,
		    gint64 judged_at,
		    gboolean by_device_clock,
		    GCancellable *cancellable,
		    GError **error)
{
	Run run = {.stores = stores,
		   .list = issuers,
		   .allowed = allowed_issuers,
		   .judged_at = judged_at,
		   .cancellable = cancellable};
	CsExplanation *explanation = run_pipeline(&run, error);
	if (explanation != NULL)
		explanation->by_device_clock = by_device_clock;
	return explanation;
}
