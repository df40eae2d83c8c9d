package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bulkload/pipeline"
	"bulkload/vendors"
)

// What --publish takes, beside nothing: then the feed alone says what is published.
const (
	publishAfter = "after" // when all of the feed went in
	publishNow   = "now"   // what was made before, if all of the feed is there
)

// checkPublish refuses what cannot go together with --publish.
func (l *load) checkPublish(path string) error {
	switch f := l.flags; {
	case f.publish == "":
		return nil
	case f.publish != publishAfter && f.publish != publishNow:
		return fmt.Errorf("--publish is %s or %s, not %q", publishAfter, publishNow, f.publish)
	case l.resource.Publish == nil:
		return fmt.Errorf("%s has no drafts, so there is nothing to publish later", l.target())
	case f.compare == compareNone:
		return errors.New("--publish looks at what the vendor has, so it needs --compare vendor")
	case f.dryRun:
		return errors.New("--publish and --dry-run do not go together: what would be published is not there")
	case path == "-":
		return errors.New("--publish reads the feed more than once: give it as a file")
	}
	return nil
}

// executeImport carries an import out and, with --publish after, publishes what it made, if that was all
// of the feed.
func (l *load) executeImport(ctx context.Context, path string) error {
	err := l.execute(ctx, path)
	if l.flags.publish != publishAfter {
		return err
	}
	var said *saidError
	if err != nil && !(errors.As(err, &said) && said.code == exitNothing) {
		if l.left != "" {
			fmt.Fprintf(l.stderr, "nothing is published yet; %s does it when all of the feed went in\n", l.left)
		} else if l.resource != nil && errors.As(err, &said) {
			fmt.Fprintf(l.stderr, "nothing is published, since not all of the feed went in. What was made are drafts that nobody sees: put the rest right\n"+
				"and import the whole feed again with --publish after. To back out, delete the drafts: bulkload delete DRAFTS --from %s,\n"+
				"where DRAFTS has only the rows of %s that are new.\n", l.target(), l.resource.Noun.Many)
		}
		return err
	}
	return l.publishing().execute(ctx, path)
}

// publishing is the run that publishes what this one has made.
func (l *load) publishing() *load {
	flags := *l.flags
	flags.publish = publishNow
	if flags.runDir != "" {
		flags.runDir += "-published"
	}
	given := slices.DeleteFunc(slices.Clone(l.given), func(flag [2]string) bool { return flag[0] == "publish" || flag[0] == "run-dir" })
	given = append(given, [2]string{"publish", publishNow})
	return &load{program: l.program, flags: &flags, command: l.command, given: given}
}

// publishNow publishes what the vendor has of the feed, if that is all of it and as the feed says.
func (l *load) publishNow(ctx context.Context) (*pipeline.Result, error) {
	plan, err := pipeline.Plan(ctx, l.job)
	if err != nil {
		if plan == nil {
			return nil, err
		}
		return plan.Result, err
	}
	if err := l.onlyPublishes(plan); err != nil {
		return plan.Result, err
	}
	if err := plan.Close(); err != nil {
		return nil, err
	}
	return pipeline.Import(ctx, l.job)
}

// notPublishable says of outcomes in a plan why what has them is not published.
var notPublishable = map[vendors.Outcome]string{
	vendors.Created: "not at the vendor", vendors.Rejected: "a rule is broken", vendors.Skipped: "left out",
}

// unpublishedError says why nothing is published: the vendor does not have all of the feed as it is.
type unpublishedError struct{ why string }

// Error tells what is not as it should be.
func (e *unpublishedError) Error() string { return "nothing is published: " + e.why }

// onlyPublishes makes sure that nothing but the state of what is there would change.
func (l *load) onlyPublishes(plan *pipeline.PlanResult) error {
	counts := &plan.Summary.Counts
	for _, outcome := range vendors.Outcomes {
		if n := counts.Entities[outcome]; n > 0 && notPublishable[outcome] != "" {
			return &unpublishedError{fmt.Sprintf("%d %s of the feed: %s", n, l.resource.Noun.Of(n), notPublishable[outcome])}
		}
	}
	for change, err := range plan.Changes.All() {
		if err != nil {
			return err
		}
		if !slices.Contains(l.resource.Publish.Fields, change.Field) {
			return &unpublishedError{"the vendor does not have the feed as it is: " + change.String()}
		}
	}
	return nil
}
