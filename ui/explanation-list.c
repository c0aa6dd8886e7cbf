/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/explanation-list.h"

#include "ui/words.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* GTK takes milliseconds for each text that folds, and a store may have thousands. Whoever needs all
 * of it copies it as text. */
#define MAX_PASSED_OVER	  10
#define MAX_OF_ONE_ISSUER 10
#define MAX_CERTIFICATES  30
#define MAX_ISSUERS	  20
#define INDENT_PX	  12
/* Told none, GTK would find out how narrow a text can be with one letter to a line, which takes three
 * times as long as all the rest. */
#define MIN_WIDTH_CHARS 20

/* Where a path or a fingerprint is folded, a hyphen would be taken for a part of it. */
static PangoAttrList *
make_attributes(void)
{
	PangoAttrList *attributes = pango_attr_list_new();

	pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
	return attributes;
}

/* People may copy any of it. */
static GtkWidget *
add_line(GtkBox *box, const char *text, const char *style)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(PangoAttrList) attributes = make_attributes();
	GtkWidget *label = gtk_label_new(valid);

	gtk_label_set_attributes(GTK_LABEL(label), attributes);
	gtk_label_set_width_chars(GTK_LABEL(label), MIN_WIDTH_CHARS);
	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
	gtk_label_set_selectable(GTK_LABEL(label), TRUE);
	if (style)
		gtk_style_context_add_class(gtk_widget_get_style_context(label), style);
	gtk_widget_show(label);
	gtk_box_pack_start(box, label, FALSE, FALSE, 0);
	return label;
}

static void
add_more(GtkBox *box, guint count)
{
	g_autofree char *more = NULL;

	if (count == 0)
		return;
	more = g_strdup_printf(g_dngettext(GETTEXT_PACKAGE, "and %u more", "and %u more", count),
			       count);
	add_line(box, more, "dim-label");
}

static GtkBox *
add_group(GtkBox *box)
{
	GtkWidget *group = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);

	gtk_widget_show(group);
	gtk_box_pack_start(box, group, FALSE, FALSE, 0);
	return GTK_BOX(group);
}

/* In one text: to GTK, to the keyboard and to a screen reader it is one thing. */
static void
add_certificate(GtkBox *box, const CsCandidate *candidate)
{
	g_autoptr(PangoAttrList) attributes = make_attributes();
	g_autofree char *detail = g_utf8_make_valid(candidate->detail, -1);
	g_autofree char *from = cs_words_dup_day(candidate->not_before);
	g_autofree char *until = cs_words_dup_day(candidate->not_after);
	/* Translators: two days. */
	g_autofree char *dates = g_strdup_printf(_("Issued %s, valid until %s"), from, until);
	/* Translators: %s is a file's path. */
	g_autofree char *place = g_strdup_printf(candidate->store == CS_STORE_MACHINE
							 ? _("In the machine’s store: %s")
							 : _("In your own store: %s"),
						 candidate->location);
	g_autofree char *text = g_strdup_printf("%s\n%s\n%s\nSHA-256 %s", detail, place, dates,
						candidate->fingerprint);
	PangoAttribute *strong = pango_attr_weight_new(PANGO_WEIGHT_BOLD);
	GtkWidget *label = add_line(box, text, NULL);

	strong->end_index = (guint)strlen(detail);
	pango_attr_list_insert(attributes, strong);
	gtk_label_set_attributes(GTK_LABEL(label), attributes);
	gtk_widget_set_margin_start(label, INDENT_PX);
}

static gboolean
is_to_be_shown(const GPtrArray *candidates, guint place, guint n_left)
{
	const CsCandidate *candidate = g_ptr_array_index(candidates, place);

	return place < MIN(n_left, MAX_OF_ONE_ISSUER) || candidate->outcome == CS_OUTCOME_SELECTED;
}

/* The newest, and the one that was selected; *n_left of all of them may still be shown. */
static void
add_issuer(GtkBox *box, const CsIssuerExplanation *issuer, guint *n_left)
{
	GtkBox *group = add_group(box);
	const GPtrArray *candidates = issuer->candidates;
	guint n_shown = 0;

	gtk_box_set_spacing(group, INDENT_PX);
	add_line(group, issuer->subject, "subheading");
	add_line(group, cs_issuer_explanation_get_answer_sentence(issuer), NULL);
	for (guint i = 0; i < candidates->len; i++) {
		if (!is_to_be_shown(candidates, i, *n_left))
			continue;
		add_certificate(group, g_ptr_array_index(candidates, i));
		n_shown++;
	}
	add_more(group, candidates->len - n_shown);
	*n_left -= MIN(*n_left, n_shown);
}

static gboolean
has_selected(const CsIssuerExplanation *issuer)
{
	for (guint i = 0; i < issuer->candidates->len; i++) {
		const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, i);

		if (candidate->outcome == CS_OUTCOME_SELECTED)
			return TRUE;
	}
	return FALSE;
}

/* The first of the organisation's list, and whichever has what was selected. */
static void
add_issuers(GtkBox *box, const GPtrArray *issuers)
{
	guint n_left = MAX_CERTIFICATES;
	guint n_shown = 0;

	for (guint i = 0; i < issuers->len; i++) {
		const CsIssuerExplanation *issuer = g_ptr_array_index(issuers, i);

		if (i >= MAX_ISSUERS && !has_selected(issuer))
			continue;
		add_issuer(box, issuer, &n_left);
		n_shown++;
	}
	add_more(box, issuers->len - n_shown);
}

static void
add_passed_over(GtkBox *box, const GPtrArray *passed_over)
{
	GtkBox *group = NULL;
	guint shown = MIN(passed_over->len, MAX_PASSED_OVER);

	if (passed_over->len == 0)
		return;
	group = add_group(box);
	add_line(group, _("Passed Over"), "subheading");
	for (guint i = 0; i < shown; i++) {
		const CsPassedOver *item = g_ptr_array_index(passed_over, i);
		g_autofree char *line = g_strdup_printf("%s: %s", item->location, item->why);

		add_line(group, line, NULL);
	}
	add_more(group, passed_over->len - shown);
}

static void
add_notes(GtkBox *box, char **notes)
{
	GtkBox *group = NULL;

	if (!notes || !*notes)
		return;
	group = add_group(box);
	add_line(group, _("Notes"), "subheading");
	for (; *notes; notes++)
		add_line(group, *notes, NULL);
}

/**
 * cs_explanation_list_fill:
 * @box: an empty box
 * @explanation: a finished explanation
 *
 * What `countersign explain` prints, but for what the page above says already, and when it was
 * judged. Of long lists only the beginning, with how many there are beyond; never without what was
 * selected.
 */
void
cs_explanation_list_fill(GtkBox *box, const CsExplanation *explanation)
{
	if (explanation->issuers->len == 0)
		add_line(box, _("The organisation listed no issuers."), NULL);
	add_issuers(box, explanation->issuers);
	add_passed_over(box, explanation->passed_over);
	add_notes(box, explanation->notes);
}

/**
 * cs_explanation_list_dup_time:
 * @explanation: a finished explanation
 *
 * Returns: (transfer full): when it was judged and by whose clock, translated
 */
char *
cs_explanation_list_dup_time(const CsExplanation *explanation)
{
	g_autofree char *moment = cs_words_dup_moment(explanation->judged_at);

	return g_strdup_printf(
		explanation->by_device_clock
			? _("As it was on %s, by this device’s clock.")
			: _("As it was on %s, by the server’s time, when it was last asked."),
		moment);
}
