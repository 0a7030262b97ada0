package partnerapi

// getAccessToken issues an access token for a refresh token (guide §2). Its success is the number 0, as the guide has it.
func (c *call) getAccessToken() error {
	c.out.open("", '{')
	c.out.number("result", 0)
	c.out.text("token", c.Authority.Issue(c.who.Partner, c.who.Generation))
	c.out.number("expires_in", int64(c.Authority.AccessTTL().Seconds()))
	c.end()
	return nil
}
